import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { mul, reduceSum } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import type { Shape, Value } from '../../src/graph/graph.ts';
import { elements } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { type EncoderConfig, encode } from '../../src/model/encoder.ts';
import { Scope } from '../../src/model/scope.ts';
import { checkSlope, difference, length, rule, sum } from '../support/golden.ts';
import { runNative } from '../support/run-native.ts';

interface Golden {
  config: EncoderConfig;
  size: number;
  batch: number;
  evaluated: number[];
  trained: number[];
  loss: number;
  /** Length, and component along rule(3000 + k). */
  gradients: Record<string, [number, number]>;
  /** Length and sum after one step in training mode. */
  statistics: Record<string, [number, number]>;
}
const cases: Golden[] = JSON.parse(readFileSync('test/golden/encoders.json', 'utf8'));

/** As in ../golden/encoders.py. */
function start(name: string, k: number, shape: Shape): Float32Array {
  const r = rule(k, shape);
  if (name.endsWith('bn3.weight')) return Float32Array.from(r, (v) => 0.2 + 0.04 * v);
  if (name.endsWith('running_var')) return Float32Array.from(r, (v) => 1 + 0.3 * v);
  if (shape.length === 1) return Float32Array.from(r, (v) => (name.endsWith('weight') ? 1 + 0.2 * v : 0.2 * v));
  const bound = Math.sqrt(6 / (shape.length === 2 ? shape[0] : elements(shape.slice(1))));
  return Float32Array.from(r, (v) => v * bound);
}

describe('encoders compute what PyTorch and torchvision compute in float64', () => {
  for (const { config, size, batch, ...golden } of cases) {
    it(JSON.stringify(config), async () => {
      const shape = [batch, 3, size, size];
      const graph = createGraph();
      const scope = new Scope(graph);
      const embedding = encode(scope, config, graph.input('patches', shape));
      const entries = [...scope.parameters, ...scope.statistics].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
      const numbers = new Map(entries.map(({ spec }, k) => [spec.name, k]));
      const weights = Object.fromEntries(
        entries.map(({ spec }, k) => [spec.name, start(spec.name, k, spec.shape)] as const),
      );
      const patches = Float32Array.from(rule(1000, shape));

      const inference = createGraph();
      const evaluated = encode(new Scope(inference, weights), config, inference.input('patches', shape));
      assert.ok(difference((await runNative({ evaluated }, { patches })).evaluated, golden.evaluated) < 2e-5);

      const outer = Float32Array.from(rule(2000, embedding.shape));
      const loss = reduceSum(mul(embedding, graph.constant(outer, embedding.shape)), [0, 1]);
      const slopes = gradients(
        loss,
        scope.parameters.map(({ value }) => value),
      );
      const outputs: Record<string, Value> = { embedding, loss };
      scope.parameters.forEach(({ spec }, k) => {
        outputs[`d.${spec.name}`] = slopes[k];
      });
      for (const { spec, next } of scope.statistics) outputs[`next.${spec.name}`] = next!;
      const found = await runNative(outputs, { patches, ...weights });
      assert.ok(difference(found.embedding, golden.trained) < 3e-5, 'embeddings in training mode');
      assert.ok(Math.abs(found.loss[0] - golden.loss) < 1e-4 * Math.abs(golden.loss), 'loss');

      assert.deepEqual(scope.parameters.map(({ spec }) => spec.name).sort(), Object.keys(golden.gradients).sort());
      for (const [name, [norm, along]] of Object.entries(golden.gradients)) {
        checkSlope(name, found[`d.${name}`], numbers.get(name)!, norm, along);
      }
      assert.deepEqual(scope.statistics.map(({ spec }) => spec.name).sort(), Object.keys(golden.statistics).sort());
      for (const [name, [norm, total]] of Object.entries(golden.statistics)) {
        const s = found[`next.${name}`];
        assert.ok(difference([length(s), sum(s)], [norm, total]) < 1e-4, name);
      }
    });
  }
});
