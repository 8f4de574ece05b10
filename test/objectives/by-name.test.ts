import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError, fit } from '../../src/index.ts';
import { OBJECTIVES, type ObjectiveChoice } from '../../src/objectives.ts';
import { runConfig } from '../../src/train.ts';
import { largestDifference, plainImages, SHORT_RUN } from '../support/short-training.ts';

/** Options that suit a short run; the others train with their defaults. */
const OPTIONS: { readonly [Kind in ObjectiveChoice['kind']]?: object } = {
  'coding-rate': { similarity: 20 },
  spectral: { radius: 2 },
  'info-nce': { temperature: 0.2 },
  byol: { hidden: 16 },
};
const objectives = OBJECTIVES.map((kind) => ({ kind, ...OPTIONS[kind] }) as ObjectiveChoice);

describe('every objective by its kind in a run', () => {
  for (const objective of objectives) {
    it(`${objective.kind} trains, with the same losses on wasm and native`, async () => {
      const losses: number[][] = [];
      for (const device of ['wasm', 'native'] as const) {
        const run = { ...SHORT_RUN, objective, budget: { steps: 5 } };
        await using training = fit({ data: plainImages(), device, config: run, threads: 1, workers: 0 });
        for await (const { report } of training) assert.ok(report!.collapse > 0 && report!.collapse < 1.2);
        losses.push(training.history.map(({ loss }) => loss));
      }
      assert.ok(largestDifference(losses[0], losses[1]) < 1e-3, JSON.stringify(losses));
      assert.notEqual(losses[0][4], losses[0][0]);
    });
  }

  for (const [objective, message] of [
    [{ kind: 'triplet' }, /"triplet".*coding-rate.*byol/],
    [{ kind: 'coding-rate', epsilon2: 0 }, /epsilon2 .* got 0/],
    [{ kind: 'coding-rate', similarity: -1 }, /similarity .* got -1/],
    [{ kind: 'coding-rate', weight: 150 }, /no "weight"; its options: epsilon2, similarity/],
    [{ kind: 'vicreg', covariance: Number.POSITIVE_INFINITY }, /covariance .* got Infinity/],
    [{ kind: 'info-nce', temperature: -1 }, /temperature .* got -1/],
    [{ kind: 'spectral', radius: Number.NaN }, /radius .* got NaN/],
    [{ kind: 'barlow-twins', lambda: '1' }, /lambda .* got "1"/],
    [{ kind: 'byol', momentum: 1.5 }, /momentum .* got 1.5/],
    [{ kind: 'byol', hidden: 2.5 }, /hidden .*whole.* got 2.5/],
    [{ kind: 'byol', hidden: 1e9 }, /hidden .* got 1000000000/],
  ] as const) {
    it(`refuses ${JSON.stringify(objective)}`, () => {
      assert.throws(
        () => runConfig({ budget: { steps: 1 }, objective: objective as never }),
        (error) => error instanceof BagsslError && error.code === 'bad-argument' && message.test(error.message),
      );
    });
  }
});
