import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { PatchEncoder } from '../../src/embed.ts';
import { BagsslError, type FitOptions, fit } from '../../src/index.ts';
import { Runtime } from '../../src/runtime.ts';
import { decodeCheckpoint, encodeCheckpoint, initialWeights, runConfig } from '../../src/train.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const options = { data: plainImages(), config: SHORT_RUN, threads: 1, workers: 1 } as const;
const code = (expected: string) => (error: unknown) => error instanceof BagsslError && error.code === expected;

describe('fit', () => {
  for (const [device, what, more] of [
    ['wasm', '', {}],
    ['native', '', {}],
    ['wasm', ' with averaged weights', { averaging: 0.9 }],
    [
      'native',
      ' with averaged weights and BYOL, whose target follows',
      { averaging: 0.9, objective: { kind: 'byol' } },
    ],
  ] as const) {
    it(`resumes bit for bit on ${device}${what}: 8 steps, saved, read back, 12 more`, async () => {
      const run = { ...SHORT_RUN, ...more };
      const whole = fit({ ...options, device, config: run });
      for await (const _ of whole);
      const expected = await whole.checkpoint();
      await whole.dispose();

      const first = fit({ ...options, device, config: run });
      for await (const { step } of first) if (step === 8) break;
      const { json, tensors } = await encodeCheckpoint(await first.checkpoint());
      await first.dispose();
      const second = fit({
        data: options.data,
        threads: 1,
        workers: 1,
        device,
        resume: await decodeCheckpoint(json, tensors),
      });
      for await (const _ of second);
      const resumed = await second.checkpoint();
      await second.dispose();

      assert.equal(resumed.position.step, 20);
      assert.deepEqual(resumed.state, expected.state);
      assert.deepEqual(resumed.history, expected.history);
    });
  }

  it('reports steps, patches, epochs, a rate that warms up and falls, and a collapse figure between 0 and 1.2', async () => {
    const training = fit({ ...options, device: 'wasm' });
    const steps = [];
    for await (const step of training) steps.push(step);
    await training.dispose();
    assert.deepEqual(
      steps.map(({ step }) => step),
      Array.from({ length: 20 }, (_, k) => k + 1),
    );
    assert.deepEqual(
      steps.slice(0, 4).map(({ epoch }) => epoch),
      [0, 0, 1, 1],
    );
    assert.equal(steps[19].patches, 20 * 36);
    assert.equal(steps[19].progress, 1);
    assert.ok(steps[0].rate < steps[4].rate && steps[19].rate < 0.1 * steps[4].rate);
    assert.ok(steps.every(({ report }) => report!.collapse > 0 && report!.collapse < 1.2));
  });

  it('refuses to start from what it cannot, and says why', async () => {
    const { model: _, ...config } = SHORT_RUN;
    const whole = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    const weights = initialWeights(whole);
    const from = new PatchEncoder({ model: whole.model, recipe: whole.recipe, weights });
    const shipped = await PatchEncoder.read(readFileSync('models/photos.safetensors'));
    const start = (more: Partial<FitOptions>) => () => fit({ ...options, config, ...more });
    for (const [more, message] of [
      [{ from, config: SHORT_RUN }, /config\.model is given as well/],
      [{ from: shipped }, /sees whole images.*adaptEncoder/],
      [{ from, resume: { config: whole } as never }, /Both from and resume/],
      [{ from: {} as never }, /from/],
    ] as const) {
      assert.throws(start(more), (error: BagsslError) => error.code === 'bad-argument' && message.test(error.message));
    }
    const [name] = Object.keys(weights);
    const cut = new PatchEncoder({ ...from, weights: { ...weights, [name]: weights[name].subarray(1) } });
    await using training = fit({ ...options, config, device: 'native', from: cut });
    await assert.rejects(training.open(), code('shape-mismatch'));
  });

  it('compiles nothing where its workers do not start', async () => {
    const { compile } = Runtime.prototype;
    let compiled = 0;
    Runtime.prototype.compile = function (...given) {
      compiled++;
      return compile.apply(this, given);
    };
    try {
      await using training = fit({ ...options, device: 'native', workerUrl: new URL('file:///no/patches.worker.js') });
      await assert.rejects(training.open(), code('worker-failed'));
    } finally {
      Runtime.prototype.compile = compile;
    }
    assert.equal(compiled, 0);
  });

  it('stops at an abort before the next step, and still gives its checkpoint', async () => {
    const controller = new AbortController();
    const training = fit({ ...options, device: 'wasm', signal: controller.signal });
    const running = (async () => {
      for await (const { step } of training) if (step === 3) controller.abort();
    })();
    await assert.rejects(running, code('aborted'));
    assert.equal((await training.checkpoint()).position.step, 3);
    await training.dispose();
  });

  it('says that the loss diverged, at which step, and refuses to keep the wreck', async () => {
    const training = fit({
      ...options,
      device: 'wasm',
      config: {
        ...SHORT_RUN,
        rate: 1e3,
        warmup: 0,
        optimizer: { kind: 'sgd', momentum: 0.9 },
        objective: { kind: 'vicreg' },
      },
    });
    await assert.rejects(
      (async () => {
        for await (const _ of training);
      })(),
      (error: BagsslError) => code('diverged')(error) && /step \d+.*lower rate/s.test(error.message),
    );
    await assert.rejects(training.checkpoint(), code('diverged'));
    await training.dispose();
  });

  it('starts from weights the seed decides', () => {
    const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    assert.deepEqual(initialWeights(config), initialWeights(config));
    const other = initialWeights({ ...config, seed: 12 });
    assert.notDeepEqual(other['encoder.0.conv.weight'], initialWeights(config)['encoder.0.conv.weight']);
  });

  it('refuses configurations that cannot run, quoting the value', () => {
    for (const run of [
      { views: 1 },
      { images: 1 },
      { rate: -1 },
      { seed: 0.5 },
      { budget: { steps: 0 } },
      { budget: { minutes: Number.NaN } },
      { model: { ...SHORT_RUN.model!, size: 9 } },
    ]) {
      assert.throws(
        () => fit({ ...options, config: { ...SHORT_RUN, ...run } }),
        code('bad-argument'),
        JSON.stringify(run),
      );
    }
    assert.throws(() => fit({ ...options, data: plainImages(1) }), code('bad-data'));
  });
});
