import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGraph } from '../../src/graph/ops/index.ts';
import { adamw } from '../../src/optimizers/adamw.ts';
import { lars } from '../../src/optimizers/lars.ts';
import { lion } from '../../src/optimizers/lion.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { sgd } from '../../src/optimizers/sgd.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { runNative } from '../support/run-native.ts';
import { updateRules } from '../support/update-rules.ts';

/** A parameter of `shape` after one step from fixed numbers. */
async function oneStep(optimizer: Optimizer, shape: number[]): Promise<number[]> {
  const graph = createGraph();
  const [parameter, gradient] = [graph.input('p', shape), graph.input('g', shape)];
  const memory = optimizer.slots.map((slot) => graph.input(slot, shape));
  const scalars = { rate: graph.input('rate', []), step: graph.input('step', []) };
  const next = optimizer.update({ parameter, gradient, memory, ...scalars }).parameter;
  const zeros = Object.fromEntries(optimizer.slots.map((slot) => [slot, new Float32Array(6)]));
  const numbers = { p: randoms(1, 6), g: randoms(2, 6), rate: Float32Array.of(0.1), step: Float32Array.of(1) };
  return [...(await runNative({ next }, { ...numbers, ...zeros })).next];
}

updateRules('on native ONNX Runtime', runNative);

describe('weight decay', () => {
  for (const [name, rule] of [
    ['SGD', sgd],
    ['LARS', lars],
    ['AdamW', adamw],
    ['Lion', lion],
  ] as const) {
    it(`of ${name} exempts parameters of one axis unless told otherwise`, async () => {
      const [none, much] = [rule({ weightDecay: 0 }), rule({ weightDecay: 0.5 })];
      assert.deepEqual(await oneStep(much, [6]), await oneStep(none, [6]));
      assert.notDeepEqual(await oneStep(much, [2, 3]), await oneStep(none, [2, 3]));
      const all = rule({ weightDecay: 0.5, exclude: 'none' });
      assert.ok(relativeError(await oneStep(all, [6]), await oneStep(much, [2, 3])) < 1e-6);
    });
  }
});
