import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatchEncoder } from '../../src/embed.ts';
import { exportEncoder } from '../../src/export.ts';
import { BagsslError, type ErrorCode, type Fit, type FitOptions, fit, type Step } from '../../src/index.ts';
import { MODULES } from '../support/modules.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const inNode = 'process' in globalThis && !('Deno' in globalThis);
const SEED = { ...SHORT_RUN, budget: { steps: 6 } };
const options = {
  data: plainImages(),
  device: 'wasm',
  threads: 1,
  workers: 1,
  config: SEED,
  modules: MODULES,
} as const;
const code = (expected: ErrorCode, message = /./) => {
  return (error: unknown) => error instanceof BagsslError && error.code === expected && message.test(error.message);
};

/** A training in a worker, or in this thread, what it gave and what it said. */
async function train(background: boolean, more: Partial<FitOptions> = {}) {
  const said: string[] = [];
  await using training = fit({ ...options, background, onWarning: (message) => said.push(message), ...more });
  const steps: Omit<Step, 'ms' | 'dataWaitMs' | 'seconds'>[] = [];
  for await (const { ms: _, dataWaitMs: _wait, seconds: _seconds, ...step } of training) steps.push(step);
  const { config, state, shapes, history, position } = await training.checkpoint();
  return { steps, said, config, state, shapes, history, step: position.step, own: training.history };
}

/** Ends a training's worker as a crash would. */
async function kill(training: Fit): Promise<void> {
  const { started } = training as unknown as { started: Promise<{ fail(reason: string): void }> };
  (await started).fail('killed');
}

describe('a training in a worker', () => {
  it('gives the same bits as in this thread, and resumes from a checkpoint', async () => {
    const expected = await train(false);
    assert.deepEqual(await train(true), expected);

    await using first = fit({ ...options, background: true });
    for await (const { step } of first) if (step === 2) break;
    for await (const { step } of first) if (step === 4) break; // a loop may be left and taken up again
    const resume = await first.checkpoint();
    assert.equal(resume.history.length, 4);
    const { state, history } = await train(true, { config: undefined, resume });
    assert.deepEqual({ state, history }, { state: expected.state, history: expected.history });
  });

  it('starts at the weights of an encoder', async () => {
    const { model: _, recipe: __, ...rest } = SEED;
    const { state } = await train(false, { config: { ...SEED, budget: { steps: 2 } } });
    const from = PatchEncoder.from({ config: { model: SEED.model!, recipe: SEED.recipe! }, state });
    const steps = { from, config: { ...rest, budget: { steps: 2 } } };
    const expected = await train(false, steps);
    assert.deepEqual(await train(true, steps), expected);
    assert.deepEqual([expected.config.model, expected.config.recipe.size], [SEED.model, SEED.recipe!.size]);
    for (const background of [false, true]) {
      await using training = fit({ ...options, background, ...steps });
      const { state: first } = await training.checkpoint();
      for (const name of Object.keys(from.weights)) assert.deepEqual(first[name], from.weights[name], name);
    }
  });

  it('trains an .onnx file in a script of its own', async () => {
    await using training = fit({ ...options, config: { ...SEED, budget: { steps: 1 } } });
    for await (const _ of training);
    const model = exportEncoder(PatchEncoder.from(await training.checkpoint(), { feature: 'embedding' }));
    const encoder = { kind: 'onnx', model, batchNorm: 'train' } as const;
    const config = { ...SEED, model: { ...SEED.model!, encoder }, budget: { steps: 2 } };
    const expected = await train(false, { config });
    assert.deepEqual(await train(true, { config }), expected);

    const trainerUrl = new URL('./trainer.worker.js', import.meta.url);
    await using other = fit({ ...options, config, background: true, trainerUrl });
    await assert.rejects(other.open(), code('bad-argument', /give that of trainer-onnx\.worker\.js/));
  });

  it('says what it survives, as in this thread', async () => {
    // Weight decay so strong that the weights leave float32 within a few steps, at half the rate too.
    const run = { ...SEED, optimizer: { kind: 'sgd', weightDecay: 1e15 }, rate: 9000, warmup: 0 } as const;
    const outcome = (background: boolean) => {
      const said: string[] = [];
      const training = fit({ ...options, config: run, background, onWarning: (message) => said.push(message) });
      const followed = (async () => {
        try {
          for await (const _ of training);
        } catch (error) {
          return [(error as BagsslError).code, (error as Error).message];
        } finally {
          await training.dispose();
        }
      })();
      return followed.then((error) => ({ error, said, config: training.config, history: training.history }));
    };
    const expected = await outcome(false);
    assert.ok(expected.said.length > 0);
    assert.deepEqual(await outcome(true), expected);
  });

  it('is stopped by a signal before its next step, and still gives a checkpoint', async () => {
    const stop = new AbortController();
    await using training = fit({ ...options, background: true, signal: stop.signal });
    const seen: number[] = [];
    const looped = (async () => {
      for await (const { step } of training) {
        seen.push(step);
        if (step === 2) stop.abort('enough');
      }
    })();
    await assert.rejects(
      looped,
      (error) => code('aborted', /after step 2/)(error) && (error as Error).cause === 'enough',
    );
    assert.deepEqual(seen, [1, 2]);
    assert.equal((await training.checkpoint()).position.step, 2);
  });

  it('puts others in the place of images that cannot be read, as in this thread', async () => {
    const images = plainImages();
    const image = (id: number) => {
      if (id % 5 === 3) throw new BagsslError('bad-data', `${id}.jpg: the file is empty.`);
      return images.image(id);
    };
    const data = { ...images, image };
    const expected = await train(false, { data });
    assert.equal(expected.said.filter((text) => /the file is empty/.test(text)).length, 1);
    assert.deepEqual(await train(true, { data }), expected);
  });

  it("rejects with the data's own error", async () => {
    const failure = new RangeError('the disk is gone');
    const data = { ...plainImages(), image: () => Promise.reject(failure) };
    await using training = fit({ ...options, data, background: true });
    await assert.rejects(training[Symbol.asyncIterator]().next(), (error) => error === failure);
  });

  it('refuses a wrong configuration immediately', () => {
    const wrong = () => fit({ ...options, background: true, config: { ...SEED, rate: -1 } });
    assert.throws(wrong, code('bad-argument', /-1/));
  });

  it('that dies rejects what is asked of it then and later', async () => {
    await using training = fit({ ...options, background: true });
    const steps = training[Symbol.asyncIterator]();
    assert.equal((await steps.next()).value?.step, 1);
    const next = steps.next();
    await kill(training);
    await assert.rejects(next, code('worker-failed', /training worker stopped: killed/));
    await assert.rejects(training.checkpoint(), code('worker-failed'));
  });

  it('says what to do if its script is missing', async () => {
    const trainerUrl = new URL('./nowhere.worker.js', import.meta.url);
    await using lost = fit({ ...options, background: true, trainerUrl });
    await assert.rejects(lost.open(), code('worker-failed', /serve trainer\.worker\.js .* or set trainerUrl/));
  });

  it('says what to do if ONNX Runtime is missing', { skip: inNode && 'Node finds it by itself' }, async () => {
    const nowhere = new URL('./nowhere.mjs', import.meta.url).href;
    const modules = { 'onnxruntime-web/wasm': nowhere, 'onnxruntime-web/webgpu': nowhere };
    await using bare = fit({ ...options, background: true, modules });
    await assert.rejects(bare.open(), code('device-unavailable', /onnxruntime-web\/wasm.* cannot be loaded/));
  });
});
