import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type ExportedSplitStep, exportSplitStep } from '../../src/export.ts';
import { readSafetensors } from '../../src/formats.ts';
import { type BagsslError, fit } from '../../src/index.ts';
import { PatchPool } from '../../src/patches.ts';
import { type RunConfig, runConfig } from '../../src/train.ts';
import { Batches } from '../../src/training/batches.ts';
import { relativeError } from '../support/reference.ts';
import { largestDifference, plainImages, SHORT_RUN } from '../support/short-training.ts';
import { TINY_RUNS } from '../support/tiny-runs.ts';

type Tensors = Record<string, Tensor>;
const scalar = (value: number) => new Tensor('float32', [value], []);
const zeros = (shape: readonly number[]) =>
  new Tensor('float32', new Float32Array(shape.reduce((a, b) => a * b, 1)), [...shape]);
const next = (results: Tensors, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, results[`${name}.next`]]));

/** The losses of a run trained with the exported models on onnxruntime-node, as docs/scale-out.md says, and its state. */
async function elsewhere(config: RunConfig, { models, state: start, manifest }: ExportedSplitStep) {
  const options = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
  const open = (bytes: Uint8Array) => InferenceSession.create(bytes, options);
  const [project, objective, gradient, update] = await Promise.all(
    [models.project, models.objective, models.gradient, models.update].map(open),
  );
  const run = async (session: InferenceSession, given: Tensors) =>
    (await session.run(Object.fromEntries(session.inputNames.map((name) => [name, given[name]])))) as Tensors;
  const read = Object.entries(readSafetensors(start).tensors);
  let state: Tensors = Object.fromEntries(
    read.map(([name, { data, shape }]) => [name, new Tensor('float32', data as Float32Array, [...shape])]),
  );
  const pool = await PatchPool.create({ workers: 0 });
  const batches = new Batches(plainImages(), config, pool, 0, 1);
  const { slices, patches: shape, projection } = manifest;
  const losses: number[] = [];
  const { steps } = config.budget as { steps: number };
  for (let step = 1; step <= steps; step++) {
    const whole = (await batches.take()).data as Float32Array;
    const length = whole.length / slices;
    const slice = (k: number) => new Tensor('float32', whole.slice(k * length, (k + 1) * length), [...shape]);
    const all = new Float32Array(slices * projection[0] * projection[1]);
    for (let k = 0; k < slices; k++) {
      const { data } = (await run(project, { ...state, patches: slice(k) })).projection;
      all.set(data as Float32Array, (k * all.length) / slices);
    }
    const found = await run(objective, {
      projection: new Tensor('float32', all, [slices * projection[0], projection[1]]),
    });
    losses.push(Number(found.loss.data[0]));
    let sums: Tensors = Object.fromEntries(
      Object.entries(manifest.gradients).map(([name, each]) => [name, zeros(each)]),
    );
    for (let k = 0; k < slices; k++) {
      const part = (found.slope.data as Float32Array).slice((k * all.length) / slices, ((k + 1) * all.length) / slices);
      const slope = new Tensor('float32', part, [...projection]);
      sums = next(await run(gradient, { ...state, ...sums, patches: slice(k), slope }), Object.keys(sums));
    }
    const remaining = 0.5 * (1 + Math.cos((Math.PI * (step - 1)) / steps));
    const rate = config.rate * Math.min(1, step / Math.max(1, config.warmup)) * remaining;
    const updated = await run(update, { ...state, ...sums, rate: scalar(rate), step: scalar(step) });
    state = { ...state, ...next(updated, manifest.updated) };
  }
  batches.stop();
  await pool.dispose();
  return { losses, state };
}

async function here(config: Partial<RunConfig>) {
  const settings = { device: 'native', threads: 1, workers: 0, reportEvery: 1 } as const;
  await using training = fit({ data: plainImages(), ...settings, config });
  for await (const _ of training);
  return training.checkpoint();
}

describe('a step in four models, on onnxruntime-node', () => {
  const runs: Record<string, Partial<RunConfig>> = {
    'coding rate and LARS': { ...SHORT_RUN, budget: { steps: 3 } },
    'VICReg, AdamW and averaged weights': { ...TINY_RUNS.VICReg, optimizer: { kind: 'adamw' }, averaging: 0.9 },
  };
  for (const [name, run] of Object.entries(runs)) {
    for (const slices of [1, 4]) {
      it(`has the losses and the weights of the package in ${slices} slices: ${name}`, async () => {
        const config = runConfig({ budget: { steps: 3 }, ...run, warmup: 2, slices });
        const expected = await here(config);
        const found = await elsewhere(config, exportSplitStep(config));
        const losses = expected.history.map(({ loss }) => loss);
        assert.equal(losses.length, 3);
        assert.ok(largestDifference(found.losses, losses) < 1e-4, `${found.losses} and ${losses}`);
        for (const [tensor, data] of Object.entries(expected.state)) {
          // Running statistics are the mean over slices here, and follow one slice after another there.
          if (expected.shapes[tensor].length > 1)
            assert.ok(relativeError(found.state[tensor].data as Float32Array, data) < 1e-3, tensor);
        }
      });
    }
  }

  it('has every tensor of the state once, among the statistics or what is updated', () => {
    const config = runConfig({ budget: { steps: 3 }, ...TINY_RUNS.VICReg, averaging: 0.9, slices: 2 });
    const { state, manifest } = exportSplitStep(config);
    const names = Object.keys(readSafetensors(state).tensors);
    assert.deepEqual([...manifest.statistics, ...manifest.updated].sort(), names.sort());
    assert.deepEqual(manifest.patches, [8, 3, 8, 8]);
    assert.deepEqual(manifest.projection, [8, 8]);
  });

  it('is refused for slices that do not divide the batch, and for an objective that needs it in one model', () => {
    const refused = (config: Partial<RunConfig>, words: RegExp) =>
      assert.throws(
        () => exportSplitStep({ ...runConfig({ budget: { steps: 3 }, ...TINY_RUNS.VICReg }), ...config }),
        (error: BagsslError) => error.code === 'bad-argument' && words.test(error.message),
      );
    refused({ slices: 3 }, /16 patches cannot be cut into 3 slices/);
    refused({ objective: { kind: 'byol', hidden: 8 } }, /needs the whole batch/);
  });
});
