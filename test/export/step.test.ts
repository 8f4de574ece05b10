import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { PatchEncoder } from '../../src/embed.ts';
import { exportStep, exportWeights } from '../../src/export.ts';
import { readSafetensors } from '../../src/formats.ts';
import { type BagsslError, fit } from '../../src/index.ts';
import { PatchPool } from '../../src/patches.ts';
import { type Checkpoint, initialWeights, type RunConfig, runConfig } from '../../src/train.ts';
import { Batches } from '../../src/training/batches.ts';
import golden from '../golden/short-training.json';
import { relativeError } from '../support/reference.ts';
import { largestDifference, plainImages, SHORT_RUN } from '../support/short-training.ts';
import { TINY_RUNS } from '../support/tiny-runs.ts';

// The example as it is committed: it imports onnxruntime-node and node:fs alone.
const { train } = await import(pathToFileURL(resolve('examples/train-step/train.mjs')).href);

/** The batches the package draws, from step `first` on. */
async function* batchesOf(config: RunConfig, first: number, end: number) {
  const pool = await PatchPool.create({ workers: 0 });
  const batches = new Batches(plainImages(), config, pool, first, 1);
  for (let step = first; step < end; step++) yield (await batches.take()).data;
  batches.stop();
  await pool.dispose();
}

/** The losses of a run that is trained by the example, and its state at the end. */
async function elsewhere(config: RunConfig, from?: Checkpoint) {
  const { model, state, manifest } = exportStep(config, from);
  const folder = await mkdtemp(join(tmpdir(), 'bagssl-step-'));
  await writeFile(join(folder, 'step.onnx'), model);
  await writeFile(join(folder, 'state.safetensors'), state);
  await writeFile(join(folder, 'step.json'), JSON.stringify(manifest));
  const { steps } = config.budget as { steps: number };
  const losses: number[] = [];
  let last: Record<string, { data: Float32Array }> = {};
  for await (const step of train(folder, batchesOf(config, manifest.position.step, steps))) {
    losses.push(step.loss);
    last = step.state;
  }
  await rm(folder, { recursive: true });
  return { losses, state: Object.fromEntries(Object.entries(last).map(([name, { data }]) => [name, data])) };
}

/** The same by the package, and its checkpoint. */
async function here(run: Partial<RunConfig>, resume?: Checkpoint) {
  await using training = fit({
    data: plainImages(),
    device: 'native',
    threads: 1,
    workers: 0,
    reportEvery: 1,
    config: run,
    resume,
  });
  for await (const _ of training);
  return training.checkpoint();
}

describe('an exported step, on onnxruntime-node by the loop of the example', () => {
  it('has the losses that PyTorch computes, to 1e-3', async () => {
    const { losses } = await elsewhere(runConfig({ budget: { steps: 20 }, ...SHORT_RUN }));
    assert.ok(largestDifference(losses, golden.losses) < 1e-3, `${losses}`);
  });

  const runs: Record<string, Partial<RunConfig>> = {
    ...Object.fromEntries(['coding rate', 'VICReg', 'BYOL', 'ViT'].map((name) => [name, TINY_RUNS[name]])),
    'AdamW, averaged weights': { ...TINY_RUNS.InfoNCE, optimizer: { kind: 'adamw' }, averaging: 0.9 },
  };
  for (const [name, run] of Object.entries(runs)) {
    it(`has the losses and the state of the package: ${name}`, async () => {
      const config = runConfig({ budget: { steps: 3 }, warmup: 2, ...run });
      const expected = await here(config);
      const found = await elsewhere(config);
      const losses = expected.history.map(({ loss }) => loss);
      assert.equal(losses.length, 3);
      assert.ok(largestDifference(found.losses, losses) < 1e-4, `${found.losses} and ${losses}`);
      for (const [tensor, data] of Object.entries(expected.state)) {
        // Biases before a batch norm have no gradient but rounding.
        if (expected.shapes[tensor].length > 1) assert.ok(relativeError(found.state[tensor], data) < 1e-3, tensor);
      }
    });
  }

  it('resumes from a checkpoint', async () => {
    const run = { ...SHORT_RUN, budget: { steps: 6 } };
    const half = await here({ ...run, budget: { steps: 3 } });
    const checkpoint = { ...half, config: runConfig(run) };
    const expected = await here(run, checkpoint);
    const { losses } = await elsewhere(checkpoint.config, checkpoint);
    assert.equal(losses.length, 3);
    assert.ok(
      largestDifference(
        losses,
        expected.history.slice(3).map(({ loss }) => loss),
      ) < 1e-4,
    );
  });

  it('is refused for a run in slices, and for a state that is not its own', () => {
    const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    assert.throws(
      () => exportStep({ ...config, slices: 3 }),
      (error: BagsslError) => error.code === 'bad-argument' && /3 slices/.test(error.message),
    );
    assert.throws(
      () => exportStep(config, { state: {}, position: { step: 0, seconds: 0 } }),
      (error: BagsslError) => error.code === 'bad-checkpoint' && /encoder\.0\.conv\.weight/.test(error.message),
    );
  });
});

describe('exported weights', () => {
  it('are what evaluation needs, the averages where there are some', async () => {
    const { config, state } = await here({ ...TINY_RUNS.VICReg, averaging: 0.5 });
    const { tensors } = readSafetensors(exportWeights(PatchEncoder.from({ config, state })));
    const names = Object.keys(
      initialWeights({ ...config, averaging: undefined, optimizer: { kind: 'sgd', momentum: 0 } }),
    );
    assert.deepEqual(Object.keys(tensors).sort(), names.filter((name) => !/momentum/.test(name)).sort());
    const name = 'encoder.0.conv.weight';
    assert.deepEqual(tensors[name].data, state[`average.${name}`]);
    assert.deepEqual(tensors[name].shape, [6, 3, 3, 3]);
    assert.notDeepEqual(tensors[name].data, state[name]);
  });
});
