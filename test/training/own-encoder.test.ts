import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { BagsslError, fit } from '../../src/index.ts';
import { loadCheckpoint, saveCheckpoint } from '../../src/node.ts';
import { Runtime } from '../../src/runtime.ts';
import { type Checkpoint, initialWeights, type RunConfig, runConfig } from '../../src/train.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { ownConfig, ownEncoders } from '../support/own-encoders.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-own-'));
after(() => rm(folder, { recursive: true }));

const engine = { device: 'native', threads: 1, workers: 0 } as const;

/** SHORT_RUN with an encoder that PyTorch exported for patches of 16 px. */
function ownRun(file: string, more: Partial<RunConfig> = {}) {
  const encoder = ownConfig(ownEncoders.find((own) => own.file === file)!);
  const size = 16;
  return runConfig({
    ...SHORT_RUN,
    model: { ...SHORT_RUN.model!, encoder },
    recipe: { ...SHORT_RUN.recipe!, size },
    ...more,
    budget: { steps: 4 },
  });
}

async function trained(config: ReturnType<typeof ownRun>, resume?: Checkpoint) {
  await using training = fit({ data: plainImages(24, 32), ...engine, config: resume ? undefined : config, resume });
  for await (const { step } of training) if (step === 2 && !resume) break;
  return training.checkpoint();
}

describe('a run with your own encoder', () => {
  for (const [file, more] of [
    ['plain-opset13', {}],
    ['plain-fixed', { averaging: 0.9 }],
    ['vit', { slices: 2 }],
    ['plain-fresh', { objective: { kind: 'byol', hidden: 16 }, optimizer: { kind: 'adamw' } }],
  ] as const) {
    it(`of ${file}, ${JSON.stringify(more)}: is kept, resumes bit for bit, and embeds`, async () => {
      const config = ownRun(file, more);
      const half = await trained(config);
      const start = initialWeights(config);
      const moved = Object.entries(start).filter(([name]) => name.startsWith('encoder.') && half.state[name]);
      assert.ok(moved.length >= 6);
      assert.ok(
        moved.every(([name, data]) => data.some((v, i) => v !== half.state[name][i]) || /bias|mean/.test(name)),
      );

      const run = join(folder, file);
      await saveCheckpoint(run, half);
      const kept = await loadCheckpoint(run);
      assert.deepEqual(kept, half);
      assert.deepEqual((await trained(config, kept)).state, (await trained(config, half)).state);

      const { model, recipe } = kept.config;
      await using embedder = await openEmbedder({
        model,
        recipe,
        weights: kept.state,
        feature: 'embedding',
        ...engine,
      });
      const { data, columns } = await embedder.matrix(plainImages(3, 32));
      assert.equal(columns, file === 'vit' ? 32 : 12);
      assert.ok(data.every(Number.isFinite) && data.some((v) => v !== data[0]));
    });
  }

  it('keeps the file once, names it by digest, and refuses another', async () => {
    const run = join(folder, 'digest');
    const config = ownRun('plain-opset9');
    const state = initialWeights(config);
    const shapes = Object.fromEntries(Object.entries(state).map(([name, data]) => [name, [data.length]]));
    const checkpoint: Checkpoint = { config, position: { step: 0, seconds: 0 }, state, shapes, history: [] };
    await saveCheckpoint(run, checkpoint);
    await saveCheckpoint(run, { ...checkpoint, position: { step: 1, seconds: 1 } });
    const files = await readdir(run);
    assert.equal(files.length, 4, 'two JSONs, one state, one encoder');
    const file = join(run, files.find((name) => /^encoder-[0-9a-f]{16}\.onnx$/.test(name))!);
    const bytes = await readFile(file);
    assert.deepEqual(new Uint8Array(bytes), ownConfig(ownEncoders[0]).model);
    const json = JSON.parse(await readFile(join(run, 'run.json'), 'utf8'));
    assert.deepEqual(Object.keys(json.config.model.encoder), ['kind', 'model', 'batchNorm']);
    assert.equal(json.config.model.encoder.model.bytes, bytes.length);
    const refused = (message: RegExp) => (error: unknown) =>
      error instanceof BagsslError && error.code === 'bad-checkpoint' && message.test(error.message);
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(file, bytes);
    await rm(join(run, 'run.before.json'));
    await assert.rejects(
      loadCheckpoint(run),
      refused(/run\.json: the encoder's \.onnx file \(SHA-256 .* is not the one/),
    );
    await rm(file);
    await assert.rejects(loadCheckpoint(run), refused(/not complete: encoder-.*\.onnx is missing/));
    // What the JSON claims never leads out of the folder; version 1 had no digest of its own.
    json.config.model.encoder.model.sha256 = '../../../../etc/passwd';
    await writeFile(join(run, 'run.json'), JSON.stringify({ ...json, version: 1 }));
    await assert.rejects(loadCheckpoint(run), refused(/names its encoder's file by "\.\./));
  });

  it('is refused with weights of another shape, naming the tensor', async () => {
    const { model, recipe } = ownRun('plain-opset9');
    const weights = { ...initialWeights(ownRun('plain-opset9')), 'encoder.conv1.weight': new Float32Array(9) };
    await assert.rejects(
      openEmbedder({ model, recipe, weights, ...engine }),
      (error) =>
        error instanceof BagsslError &&
        error.code === 'shape-mismatch' &&
        /"encoder\.conv1\.weight" has 9 elements, but this model needs \[8,3,3,3\] \(216\)/.test(error.message),
    );
  });

  for (const file of ['plain-opset13', 'plain-fixed', 'vit']) {
    it(`of ${file} in half precision follows float32`, async () => {
      const patches = { data: randoms(7, 36 * 768), shape: [36, 3, 16, 16] };
      const losses = [];
      for (const precision of ['float16', 'float32'] as const) {
        const runtime = Object.assign(await Runtime.open({ device: 'native', threads: 1 }), { halfFloats: true });
        const config = ownRun(file, { precision });
        const fresh = await TrainingStep.create(runtime, config);
        const state = { ...initialState(fresh.state, 1), 'scaling.scale': Float32Array.of(256) };
        await fresh.dispose();
        const step = await TrainingStep.create(runtime, config, state);
        const found = [];
        for (let k = 1; k <= 3; k++) found.push(step.loss.report(await step.run(patches, 0.01, k, step.reads)).loss);
        losses.push(found);
        await step.dispose();
      }
      const difference = relativeError(losses[0], losses[1]);
      assert.ok(difference > 0 && difference < 3e-3, `${difference}: ${losses}`);
    });
  }
});
