import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { loadOnnx } from '../../src/encoders.ts';
import { mul, reduceMean, scale, sub } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import type { Value } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { onnx } from '../../src/model/encoders/onnx.ts';
import { Scope } from '../../src/model/scope.ts';
import { difference, rule } from '../support/golden.ts';
import { runNative } from '../support/run-native.ts';

/** Written by ../golden/pytorch-exports.py: hundreds of megabytes, so not a part of the project. */
const FOLDER = process.env.PYTORCH_EXPORTS ?? 'build/pytorch-exports';
const files = existsSync(FOLDER) ? readdirSync(FOLDER).filter((name) => name.endsWith('.onnx')) : [];
const skip = files.length === 0 && `${FOLDER} is not here: test/golden/pytorch-exports.py makes it`;

interface Expected {
  readonly size: number;
  readonly rate: number;
  /** The first elements of the embeddings of two images. */
  readonly embedding: number[];
  /** Before each of three steps of SGD, and after them. */
  readonly losses: number[];
}

describe('networks as PyTorch exports them by default embed and train as in PyTorch', { skip }, () => {
  for (const file of files) {
    it(file, async () => {
      const expected: Expected = JSON.parse(
        readFileSync(`${FOLDER}/${file.replace(/-opset\d+\.onnx/, '.json')}`, 'utf8'),
      );
      const model = await loadOnnx(`${FOLDER}/${file}`);
      const graph = createGraph();
      const scope = new Scope(graph);
      const shape = [2, 3, expected.size, expected.size];
      const embedding = onnx.build(scope, { kind: 'onnx', model, batchNorm: 'frozen' }, graph.input('patches', shape));
      const target = graph.constant(Float32Array.from(rule(2000, embedding.shape)), embedding.shape);
      const gap = sub(embedding, target);
      const loss = reduceMean(mul(gap, gap), [0, 1]);
      const parameters = scope.parameters.map(({ value }) => value);
      const slopes = gradients(loss, parameters);
      const outputs: Record<string, Value> = { embedding, loss };
      scope.parameters.forEach(({ spec, value }, k) => {
        outputs[`${spec.name}.next`] = sub(value, scale(slopes[k], expected.rate));
      });
      const state = Object.fromEntries(
        scope.parameters.map(({ spec }) => [spec.name, (spec.init as { data: Float32Array }).data]),
      );
      const patches = Float32Array.from(rule(1000, shape));
      const losses: number[] = [];
      for (let step = 0; step < expected.losses.length; step++) {
        const found = await runNative(outputs, { patches, ...state });
        if (step === 0) {
          const first = [...found.embedding].slice(0, expected.embedding.length);
          const error = difference(first, expected.embedding);
          assert.ok(error < 1e-3, `embeddings differ by ${error}`);
        }
        losses.push(found.loss[0]);
        for (const name of Object.keys(state)) state[name] = found[`${name}.next`];
      }
      const error = difference(losses, expected.losses);
      assert.ok(error < 1e-3, `losses ${losses}, expected ${expected.losses}`);
    });
  }
});
