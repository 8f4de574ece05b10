import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelOfAnyBatch } from '../../src/graph/any-batch.ts';
import { add, concat, expand, reshape, slice, transpose } from '../../src/graph/functions.ts';
import type { Value } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeModel } from '../../src/graph/write-onnx.ts';
import type { BagsslError } from '../../src/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the oracle is an optional module, loaded without its types.
const ort: any = await import('onnxruntime-node');

const withInput = (make: (x: Value, batch: number) => Value) => (batch: number) => ({
  y: make(createGraph().input('x', [batch, 2, 3]), batch),
});

describe('a model of any batch', () => {
  it('computes shapes from the batch: reshaped, repeated, sliced, and merged with other axes', async () => {
    const build = withInput((x, batch) => {
      const row = x.graph.constant(Float32Array.of(10, 20, 30), [1, 1, 3]);
      const token = expand(row, [batch, 1, 3]);
      const rows = reshape(concat([token, x], 1), [batch * 3, 3]);
      const both = reshape(transpose(rows, [1, 0]), [3 * batch, 3]);
      // All but the last row: the end of a slice follows the batch.
      return add(slice(both, [0], [0], [3 * batch - 1]), x.graph.scalar(1));
    });
    const model = modelOfAnyBatch(build);
    const session = await ort.InferenceSession.create(writeModel(model));
    for (const batch of [1, 4]) {
      const x = Float32Array.from({ length: batch * 6 }, (_, i) => i);
      const { y } = await session.run({ x: new ort.Tensor('float32', x, [batch, 2, 3]) });
      const rows = Array.from({ length: batch }, (_, b) => [10, 20, 30, ...x.subarray(6 * b, 6 * b + 6)]).flat();
      const turned = [0, 1, 2].flatMap((column) => rows.filter((_, i) => i % 3 === column)).map((v) => v + 1);
      assert.deepEqual(y.dims, [3 * batch - 1, 3]);
      assert.deepEqual(Array.from(y.data), turned.slice(0, -3));
    }
    await session.release();
  });

  it('is refused if more than shapes depends on the batch', () => {
    const refused = (build: (batch: number) => Record<string, Value>, message: RegExp) =>
      assert.throws(
        () => modelOfAnyBatch(build),
        (error: BagsslError) => error.code === 'bad-model' && message.test(error.message),
      );
    refused(
      withInput((x, batch) => add(x, x.graph.constant(new Float32Array(batch * 6).fill(2), [batch, 2, 3]))),
      /constant.*Add/,
    );
    refused(
      withInput((x, batch) => (batch > 15 ? add(add(x, x), x) : add(x, x))),
      /graph/,
    );
  });
});
