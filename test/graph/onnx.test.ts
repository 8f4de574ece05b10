import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { add, conv, matmul, mul, relu, reshape, softmax } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { readOnnx } from '../../src/graph/read-onnx.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { BagsslError, type ErrorCode } from '../../src/index.ts';
import { codingRate } from '../../src/objectives/coding-rate.ts';
import { lars } from '../../src/optimizers/lars.ts';
import { stepGraph } from '../../src/training/step-graph.ts';
import { randoms } from '../support/random.ts';
import { runNative } from '../support/run-native.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const fails = (code: ErrorCode, pattern: RegExp) => (error: unknown) =>
  error instanceof BagsslError && error.code === code && pattern.test(error.message);

function example() {
  const graph = createGraph();
  const x = graph.input('x', [2, 3, 5, 5]);
  const w = graph.constant(randoms(1, 4 * 27), [4, 3, 3, 3], 'w');
  const y = relu(conv(x, w, { strides: [2, 1], pads: [1, 1, 1, 1], dilations: [1, 1] }));
  return { graph, x, y: softmax(reshape(y, [2, -1])) };
}

const edited = (edit: (model: ModelProto) => void) => {
  const model = fromBinary(ModelProtoSchema, writeOnnx({ y: example().y }));
  edit(model);
  return toBinary(ModelProtoSchema, model);
};

describe('an .onnx file', () => {
  it('reads back as a graph that computes the same and can be extended and differentiated', async () => {
    const { x, y } = example();
    const read = readOnnx(writeOnnx({ y }));
    const feeds = { x: randoms(2, 150) };
    const expected = (await runNative({ y }, feeds)).y;
    assert.deepEqual((await runNative({ y: read.outputs.y }, feeds)).y, expected);
    const loss = (v: typeof y) =>
      reshape(matmul(mul(v, v), v.graph.constant(new Float32Array(v.shape[1]).fill(1), [v.shape[1], 1])), [2]);
    const total = (v: typeof y) =>
      reshape(matmul(reshape(loss(v), [1, 2]), v.graph.constant(Float32Array.of(1, 1), [2, 1])), []);
    const [ours] = gradients(total(y), [x]);
    const [theirs] = gradients(total(read.outputs.y), [read.graph.inputs[0]]);
    assert.deepEqual((await runNative({ g: theirs }, feeds)).g, (await runNative({ g: ours }, feeds)).g);
  });

  it('may be a Node Buffer, which is a view of a larger buffer', () => {
    const graph = createGraph();
    const y = add(graph.input('x', [3]), graph.constant(Float32Array.of(1, 2, 3), [3]));
    const read = readOnnx(Buffer.from(writeOnnx({ y })));
    assert.deepEqual(read.graph.constants[0].data, Float32Array.of(1, 2, 3));
  });

  it('keeps half floats as they are', () => {
    const graph = createGraph();
    const half = graph.floats(Float32Array.of(1 / 3, -2), [2], 'float16');
    const read = readOnnx(writeOnnx({ y: add(graph.input('x', [2], 'float16'), half) }));
    assert.equal(read.outputs.y.dtype, 'float16');
    assert.deepEqual(read.graph.constants[0].data, Uint16Array.of(0x3555, 0xc000));
    assert.throws(() => add(half, graph.scalar(1)), fails('shape-mismatch', /Add.*float16, float32/));
    assert.throws(() => matmul(half, graph.scalar(1)), fails('shape-mismatch', /MatMul.*float16, float32/));
  });

  it('of a whole training step reads back, and is written again with the same number of bytes', () => {
    const { outputs } = stepGraph(SHORT_RUN.model!, codingRate(), lars(), { views: 2, images: 6, size: 8 });
    const read = readOnnx(writeOnnx(outputs)).outputs;
    const names = Object.keys(readOnnx(writeOnnx(read)).outputs);
    assert.deepEqual(names, Object.keys(outputs));
    assert.ok(names.includes('encoder.0.conv.weight.next') && names.includes('collapse'));
  });

  it('holds only what the outputs need', () => {
    const graph = createGraph();
    const x = graph.input('x', [2]);
    graph.input('unused', [2]);
    const y = relu(x);
    add(y, y);
    const model = fromBinary(ModelProtoSchema, writeOnnx({ y, again: y, x }));
    assert.deepEqual(
      model.graph!.input.map(({ name }) => name),
      ['x'],
    );
    assert.deepEqual(
      model.graph!.node.map(({ opType }) => opType),
      ['Relu', 'Identity', 'Identity'],
    );
  });

  it('that is invalid is refused with a code and the place', () => {
    for (const [bytes, code, pattern] of [
      [new Uint8Array(0), 'bad-model', /no graph/],
      [new TextEncoder().encode('hello there'), 'bad-model', /Not an ONNX file/],
      [
        edited((m) => {
          m.opsetImport[0].version = 24n;
        }),
        'bad-model',
        /opset 24; supported are 7 to 23. Export it with opset_version=20/,
      ],
      [
        edited((m) => {
          m.opsetImport[0].version = 6n;
        }),
        'bad-model',
        /opset 6; supported are 7 to 23/,
      ],
      [
        edited((m) => {
          m.graph!.node[1].opType = 'Frobnicate';
        }),
        'unsupported-operator',
        /Frobnicate ".*" \(node 2 of 4, from ".*" to ".*"\): there is no gradient rule for Frobnicate. Supported are Abs, Add/,
      ],
      [
        edited((m) => {
          m.graph!.node[0].input[0] = 'ghost';
        }),
        'bad-model',
        /reads "ghost"/,
      ],
      [
        edited((m) => {
          m.graph!.node[0].input[0] = m.graph!.node[1].output[0];
        }),
        'bad-model',
        /The graph has a cycle: Relu "[^"]*" \(node 2 of .* reads from Conv .* reads from the first/,
      ],
      [
        edited((m) => {
          m.graph!.output[0].name = 'ghost';
        }),
        'bad-model',
        /promises an output "ghost"/,
      ],
      [
        edited((m) => {
          m.graph!.initializer[0].dims = [1n << 40n, 1n << 40n];
        }),
        'bad-model',
        /holds 432 bytes/,
      ],
      [
        edited((m) => {
          m.graph!.initializer[0].dims = [-4n, 3n, 3n, 3n];
        }),
        'bad-model',
        /negative extent/,
      ],
      [
        edited((m) => {
          m.graph!.initializer[0].dataLocation = 1;
        }),
        'bad-model',
        /another file/,
      ],
      [
        edited((m) => {
          m.graph!.initializer[0].dataType = 8;
        }),
        'bad-model',
        /ONNX type 8/,
      ],
      [
        edited((m) => {
          const { type } = m.graph!.input[0];
          if (type?.value.case === 'tensorType')
            type.value.value.shape!.dim[1].value = { case: 'dimParam', value: 'c' };
        }),
        'bad-model',
        /axis 1 has no fixed size \(c\)/,
      ],
      [
        edited((m) => {
          m.graph!.initializer[0].dims = [4n, 9n, 3n, 1n];
        }),
        'shape-mismatch',
        /"w" \[4,9,3,1\] does not fit kernel_shape \[3,3\]/,
      ],
      [
        edited((m) => {
          m.graph!.node[0].input = [];
        }),
        'bad-model',
        /Conv .* is malformed/,
      ],
    ] as const) {
      assert.throws(() => readOnnx(bytes), fails(code, pattern), `${pattern}`);
    }
  });

  it('that is truncated or has changed bytes gives a BagsslError or a graph, never another exception', () => {
    const whole = writeOnnx({ y: example().y });
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }),
        (length, changes) => {
          const bytes = whole.slice(0, length);
          for (const [at, value] of changes) if (at < length) bytes[at] = value;
          try {
            readOnnx(bytes);
          } catch (error) {
            if (!(error instanceof BagsslError)) throw error;
          }
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
  });
});

describe('a graph under construction', () => {
  it('names both shapes if they do not fit', () => {
    const graph = createGraph();
    const a = graph.input('a', [2, 3]);
    const b = graph.input('b', [4, 3]);
    assert.throws(() => matmul(a, b), fails('shape-mismatch', /"a" \[2,3\] and "b" \[4,3\]/));
    assert.throws(() => add(a, b), fails('shape-mismatch', /"a" \[2,3\] and "b" \[4,3\]/));
    assert.throws(() => reshape(a, [5]), fails('shape-mismatch', /"a" \[2,3\].*\[5\]/));
    assert.throws(() => graph.input('a', [1]), fails('bad-model', /"a"/));
    assert.throws(() => add(a, createGraph().input('stranger', [2, 3])), fails('bad-model', /stranger/));
    assert.throws(() => graph.constant(new Float32Array(3), [2]), fails('shape-mismatch', /\[2\]/));
    assert.throws(() => gradients(a, [a]), fails('shape-mismatch', /scalar/));
  });
});
