import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError, fit } from '../../src/index.ts';
import { averagedWeights } from '../../src/optimizers/averaged-weights.ts';
import { runConfig } from '../../src/train.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const options = { data: plainImages(), device: 'native', threads: 1, workers: 0 } as const;

describe('moving average of weights', () => {
  it('is w̄ ← 0.8·w̄ + 0.2·w of every weight and statistic, from the first step on, and leaves training alone', async () => {
    const budget = { steps: 6 };
    await using training = fit({ ...options, config: { ...SHORT_RUN, averaging: 0.8, budget } });
    let expected: Record<string, number[]> = {};
    for await (const _ of training) {
      const { state } = await training.checkpoint();
      expected = Object.fromEntries(
        Object.entries(state).map(([name, w]) => [
          name,
          Array.from(w, (v, i) => 0.8 * (expected[name]?.[i] ?? v) + 0.2 * v),
        ]),
      );
    }
    const { state } = await training.checkpoint();
    const averaged = Object.keys(state).filter((name) => name.startsWith('average.'));
    assert.ok(
      averaged.includes('average.encoder.0.conv.weight') && averaged.includes('average.encoder.0.bn.running_var'),
    );
    assert.ok(!averaged.some((name) => name.endsWith('momentum')));
    for (const name of averaged) {
      assert.ok(relativeError(state[name], expected[name.slice('average.'.length)]) < 1e-5, name);
    }

    await using plain = fit({ ...options, config: { ...SHORT_RUN, budget } });
    for await (const _ of plain);
    assert.deepEqual(plain.history, training.history);
    const weights = averagedWeights(state);
    const trained = (await plain.checkpoint()).state;
    assert.deepEqual(Object.keys(weights), Object.keys(trained));
    assert.equal(weights['encoder.0.conv.weight'], state['average.encoder.0.conv.weight']);
    assert.deepEqual(averagedWeights(trained), trained);
  });

  it('must lie between 0 and 1', () => {
    for (const averaging of [0, 1, -0.1, Number.NaN]) {
      assert.throws(
        () => runConfig({ budget: { steps: 1 }, averaging }),
        (error) => error instanceof BagsslError && error.message.includes(`got ${averaging}`),
      );
    }
  });
});
