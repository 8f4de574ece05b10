import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError, type ErrorCode, type FitOptions } from '../../src/index.ts';
import { configOf } from '../../src/training/fit-options.ts';
import { LocalFit } from '../../src/training/local-fit.ts';
import { Pace } from '../../src/training/schedule.ts';
import type { TrainingStep } from '../../src/training/training-step.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const code = (expected: ErrorCode) => (error: unknown) => error instanceof BagsslError && error.code === expected;

/** Where one step of a batch is about to run: a test may change the batch, or throw. */
type Meddle = (number: number, patches: Float32Array) => void;

/** A run whose every step passes through `meddle`, whatever it is rebuilt to. */
async function meddled(
  meddle: Meddle,
  options: Partial<FitOptions> = {},
): Promise<{ training: LocalFit; said: string[] }> {
  const said: string[] = [];
  const all: FitOptions = {
    data: plainImages(),
    device: 'wasm',
    threads: 1,
    workers: 0,
    config: SHORT_RUN,
    onWarning: (message) => said.push(message),
    ...options,
  };
  const training = new LocalFit(configOf(all), all);
  const open = training.open.bind(training);
  const known = new Set<TrainingStep>();
  training.open = async () => {
    const opened = await open();
    const { step } = opened;
    if (!known.has(step)) {
      known.add(step);
      const run = step.run.bind(step);
      step.run = (patches, rate, number, reads, used) => {
        meddle(number, patches.data);
        return run(patches, rate, number, reads, used);
      };
    }
    return opened;
  };
  return { training, said };
}

const poisonAt = (...steps: number[]) => {
  const left = new Set(steps);
  return (number: number, patches: Float32Array) => {
    if (left.delete(number)) patches[7] = Number.NaN;
  };
};

describe('a step that is not finite', () => {
  for (const device of ['wasm', 'native'] as const) {
    it(`is taken back, counted, and said nothing of in the loss (${device})`, async () => {
      const { training } = await meddled(poisonAt(5), { device });
      const states: Record<string, Float32Array>[] = [];
      const reported: number[] = [];
      for await (const { step, report } of training) {
        states[step] = { ...(await training.checkpoint()).state };
        if (report) reported.push(step);
      }
      assert.deepEqual(states[5], states[4]);
      assert.notDeepEqual(states[6], states[5]);
      assert.deepEqual(reported, [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
      assert.deepEqual([training.history[3].skipped, training.history[4].skipped], [undefined, 1]);
      // Going on from before the skipped step or from after it comes to the same.
      const after = await training.checkpoint();
      await training.dispose();
      assert.ok(Object.values(after.state).every((data) => data.every(Number.isFinite)));
    });
  }

  it('in slices does not change the state at all', async () => {
    const { training } = await meddled(poisonAt(5), { config: { ...SHORT_RUN, slices: 2 } });
    let before: Readonly<Record<string, Float32Array>> = {};
    for await (const { step } of training) {
      const { state } = await training.checkpoint();
      if (step === 5) {
        assert.deepEqual(state, before);
        break;
      }
      before = state;
    }
    await training.dispose();
  });

  it('again and again takes the run back to its last good state with half the rate, said once', async () => {
    const { training, said } = await meddled(poisonAt(9, 10, 11, 12), { rescueSeconds: 0 });
    const steps: number[] = [];
    for await (const { step } of training) steps.push(step);
    assert.deepEqual(steps, [
      ...Array.from({ length: 11 }, (_, k) => k + 1),
      ...Array.from({ length: 12 }, (_, k) => k + 9),
    ]);
    assert.equal(training.config.rate, SHORT_RUN.rate! / 2);
    assert.equal((await training.checkpoint()).config.rate, SHORT_RUN.rate! / 2);
    assert.equal(said.length, 1);
    assert.match(
      said[0],
      /^The loss became NaN at step 12 \(learning rate .*\)\. Training continues from step 8 with half the learning rate/,
    );
    assert.deepEqual(
      training.history.map(({ step }) => step),
      Array.from({ length: 20 }, (_, k) => k + 1),
    );
    await training.dispose();
  });

  it('for ever stops the run with a diagnosis, after three times', async () => {
    const { training, said } = await meddled((number, patches) => {
      if (number >= 6) patches.fill(Number.NaN);
    });
    const running = async () => {
      for await (const _ of training);
    };
    await assert.rejects(running(), (error: Error) => code('diverged')(error) && /step \d+/.test(error.message));
    assert.equal(said.length, 3);
    await assert.rejects(training.checkpoint(), code('diverged'));
    await training.dispose();
  });
});

describe('too little memory', () => {
  it('is answered with slices of the batch, then with a clear error', async () => {
    const short = () => {
      throw new BagsslError('out-of-memory', 'There is not enough memory for this on wasm. Use more slices.');
    };
    const once = await meddled((number) => number === 4 && once.training.config.slices === 1 && short(), {
      rescueSeconds: 0,
    });
    for await (const _ of once.training);
    assert.equal(once.training.config.slices, 4);
    assert.equal(once.training.history.length, 20);
    assert.match(
      once.said.join('\n'),
      /^There was not enough memory\. Training continues from step 3 with batches in 4 slices/,
    );
    await once.training.dispose();

    const ever = await meddled(short);
    const running = async () => {
      for await (const _ of ever.training);
    };
    await assert.rejects(running(), code('out-of-memory'));
    await ever.training.dispose();
  });
});

describe('data that stalls', () => {
  it('ends the run with a message that names it and an image, and the run can be kept', async () => {
    const images = plainImages();
    let given = 0;
    const data = {
      ...images,
      name: 'camera',
      image: (id: number) => (++given > 40 ? new Promise<never>(() => {}) : images.image(id)),
    };
    const { training } = await meddled(() => {}, { data, dataSeconds: 0.5 });
    const started = performance.now();
    const running = async () => {
      for await (const _ of training);
    };
    await assert.rejects(
      running(),
      (error: Error) =>
        code('data-stalled')(error) && /"camera" has not given \d+ of 12 images \(\d+/.test(error.message),
    );
    assert.ok(performance.now() - started < 10_000);
    assert.ok((await training.checkpoint()).position.step > 0);
    await training.dispose();
  });
});

describe('the time of training', () => {
  it('leaves out a sleep, but no slow step', () => {
    const pace = new Pace();
    assert.deepEqual(
      [900, 1200, 8 * 3600e3, 1000, 11_000, 60_000].map((ms) => pace.count(ms)),
      [900, 1200, 1200, 1000, 11_000, 60_000],
    );
  });
});
