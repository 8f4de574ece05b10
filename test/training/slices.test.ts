import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { CompiledLoop } from '../../src/engine/compiled-loop.ts';
import { type BagsslError, fit, type Step } from '../../src/index.ts';
import { Runtime } from '../../src/runtime.ts';
import { type Checkpoint, type RunConfig, runConfig } from '../../src/train.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { largestDifference, plainImages, SHORT_RUN } from '../support/short-training.ts';

const run: Partial<RunConfig> = { ...SHORT_RUN, images: 12, views: 3 };

/** The state after two steps. */
async function after(device: 'native' | 'wasm', slices: number, patches: Float32Array) {
  const config = runConfig({ ...run, averaging: 0.9, budget: { steps: 2 }, slices });
  const step = await TrainingStep.create(await Runtime.open({ device, threads: 1 }), config);
  const batch = { data: patches, shape: [36, 3, 8, 8] };
  const losses = [];
  for (let k = 1; k <= 2; k++) losses.push(step.loss.report(await step.run(batch, 0.1, k, step.reads)).loss);
  const state = await step.read();
  await step.dispose();
  return { losses, state };
}

describe('a step in slices', () => {
  it('equals the whole step, all of its state, where every slice holds the same patches', async () => {
    // Batch norm's statistics are a slice's own: three equal slices have the statistics of the whole.
    const third = randoms(3, 12 * 192);
    const patches = new Float32Array(36 * 192).map((_, i) => third[i % third.length]);
    const whole = await after('native', 1, patches);
    const sliced = await after('native', 3, patches);
    assert.ok(relativeError(sliced.losses, whole.losses) < 1e-6);
    assert.deepEqual(Object.keys(sliced.state).sort(), Object.keys(whole.state).sort());
    for (const [name, expected] of Object.entries(whole.state)) {
      // Running statistics move once a slice, as the configuration says.
      if (name.includes('running')) continue;
      assert.ok(
        relativeError(sliced.state[name], expected) < 2e-4,
        `${name}: ${relativeError(sliced.state[name], expected)}`,
      );
    }
  });

  it('learns as the whole step does, on wasm and on native, though its batch norm sees less', async () => {
    const losses = async (device: 'native' | 'wasm', slices: number) => {
      const training = fit({ data: plainImages(), device, threads: 1, workers: 1, config: { ...run, slices } });
      for await (const _ of training);
      await training.dispose();
      return training.history.map(({ loss }) => loss);
    };
    const native = await losses('native', 3);
    assert.ok(largestDifference(await losses('wasm', 3), native) < 1e-3);
    assert.ok(largestDifference(native, await losses('native', 1)) < 0.15);
    assert.ok(native.at(-1)! < native[0]);
  });

  it('is not copied half done by a checkpoint that is asked for meanwhile', async () => {
    const config = { ...run, slices: 3, budget: { steps: 3 } };
    const start = () => fit({ data: plainImages(), device: 'wasm', threads: 1, workers: 0, config });
    await using undisturbed = start();
    const expected = [await undisturbed.checkpoint()];
    for await (const _ of undisturbed) expected.push(await undisturbed.checkpoint());

    await using training = start();
    const steps = training[Symbol.asyncIterator]();
    const asked: Promise<Checkpoint>[] = [];
    for (let ended: boolean | undefined = false; !ended; ) {
      let at: IteratorResult<Step, void> | undefined;
      const stepping = steps.next().then((result) => {
        at = result;
      });
      for (; !at; await setImmediate()) asked.push(training.checkpoint());
      await stepping;
      ended = at.done;
    }
    const found = await Promise.all(asked);
    assert.ok(found.length > 8, `${found.length}`);
    for (const { position, state, history } of found) {
      assert.deepEqual(state, expected[position.step].state);
      assert.equal(history.length, position.step);
    }
  });

  it('is a skipped step, which leaves the state alone, where the loss is finite and its gradients are not', async () => {
    const config = runConfig({ ...run, slices: 3, budget: { steps: 1 } });
    const step = await TrainingStep.create(await Runtime.open({ device: 'native', threads: 1 }), config);
    const { loop } = step as unknown as { loop: CompiledLoop };
    const plain = loop.run.bind(loop);
    loop.run = async (feeds, reads, model) => {
      const found = await plain(feeds, reads, model);
      found.slope?.fill(Number.POSITIVE_INFINITY, 0, 1);
      return found;
    };
    const before = await step.read();
    const found = await step.run({ data: randoms(3, 36 * 192), shape: [36, 3, 8, 8] }, 0.1, 1, step.reads);
    assert.ok(Number.isFinite(step.loss.report(found).loss) && !Number.isFinite(found.slope[0]));
    assert.deepEqual(await step.read(), before);
    await step.dispose();
  });

  it('says what cannot be sliced', async () => {
    const runtime = await Runtime.open({ device: 'native', threads: 1 });
    const create = (more: Partial<RunConfig>) =>
      TrainingStep.create(runtime, runConfig({ ...run, budget: { steps: 1 }, ...more }));
    const bad = (pattern: RegExp) => (error: BagsslError) =>
      error.code === 'bad-argument' && pattern.test(error.message);
    await assert.rejects(create({ slices: 7 }), bad(/36 patches cannot be cut into 7 slices/));
    await assert.rejects(create({ slices: 2, objective: { kind: 'byol' } }), bad(/"byol" needs the whole batch/));
  });
});
