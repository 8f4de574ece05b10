import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError } from '../../src/index.ts';
import { type RunConfig, runConfig } from '../../src/train.ts';
import { learningRate, progress } from '../../src/training/schedule.ts';

const STEPS = 40;
const rates = (overrides: Partial<RunConfig>) => {
  const config = runConfig({ budget: { steps: STEPS }, rate: 0.4, warmup: 0, ...overrides });
  return Array.from({ length: STEPS }, (_, step) => learningRate(config, { step, seconds: step }));
};
const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-12, `${found}, ${expected}`);

describe('the learning rate', () => {
  it('falls as half a cosine unless told otherwise', () => {
    const found = rates({});
    assert.deepEqual(rates({ schedule: { kind: 'cosine' } }), found);
    near(found[0], 0.4);
    near(found[STEPS / 2], 0.2);
    near(found[STEPS / 4], 0.4 * Math.cos(Math.PI / 8) ** 2);
    // Symmetric about the middle: t and 1 − t sum to the peak.
    for (let t = 1; t < STEPS; t++) near(found[t] + found[STEPS - t], 0.4);
  });

  it('stays when constant', () => assert.deepEqual(rates({ schedule: { kind: 'constant' } }), Array(STEPS).fill(0.4)));

  it('drops by the factor at each share of the budget, in any order', () => {
    const found = rates({ schedule: { kind: 'step', at: [0.75, 0.5], factor: 0.1 } });
    found.forEach((rate, step) => near(rate, step < 20 ? 0.4 : step < 30 ? 0.04 : 0.004));
  });

  it('warms up linearly to the peak, times the schedule', () => {
    for (const schedule of [
      { kind: 'cosine' },
      { kind: 'constant' },
      { kind: 'step', at: [0.1, 0.9], factor: 0.5 },
    ] as const) {
      const [plain, warm] = [rates({ schedule }), rates({ schedule, warmup: 8 })];
      warm.forEach((rate, step) => near(rate, plain[step] * Math.min(1, (step + 1) / 8)));
    }
  });

  it('follows the time where the budget is in minutes, and ends at zero however late', () => {
    const config = runConfig({ budget: { minutes: 2 }, rate: 1, warmup: 0 });
    near(progress(config, { step: 3, seconds: 30 }), 0.25);
    near(learningRate(config, { step: 3, seconds: 60 }), 0.5);
    near(learningRate(config, { step: 3, seconds: 500 }), 0);
  });

  it('refuses a schedule that makes no sense, quoting it', () => {
    for (const [schedule, quoted] of [
      [{ kind: 'linear' }, '"linear"'],
      [{ kind: 'step', at: [], factor: 0.1 }, '[]'],
      [{ kind: 'step', at: [0.5, 1.5], factor: 0.1 }, '1.5'],
      [{ kind: 'step', at: [0.5], factor: 2 }, '2'],
      [{ kind: 'step' }, 'undefined'],
    ] as const) {
      assert.throws(
        () => runConfig({ budget: { steps: 1 }, schedule: schedule as never }),
        (error) => error instanceof BagsslError && error.code === 'bad-argument' && error.message.includes(quoted),
      );
    }
  });
});
