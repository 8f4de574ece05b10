import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fit } from '../../src/index.ts';
import { findAdapter } from '../../src/runtime.ts';
import { type Checkpoint, initialWeights, type RunConfig, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { relativeError } from '../support/reference.ts';
import { largestDifference, plainImages, SHORT_RUN } from '../support/short-training.ts';
import { lossesOf, TINY_RUNS } from '../support/tiny-runs.ts';

const adapter = await findAdapter();
const why =
  'none' in adapter
    ? `no WebGPU adapter: ${adapter.none}`
    : adapter.halfFloats
      ? false
      : 'the adapter has no shader-f16';

/** Six steps from the start, the scale of the loss being this one. */
function training(device: 'wasm' | 'webgpu', overrides: Partial<RunConfig>, scale = 1024) {
  const config = runConfig({ ...SHORT_RUN, ...overrides, budget: { steps: 6 } });
  const state = { ...initialWeights(config), 'scaling.scale': Float32Array.of(scale) };
  const resume: Checkpoint = { config, position: { step: 0, seconds: 0 }, state, shapes: {}, history: [] };
  return { state, run: fit({ data: plainImages(), device, resume, reportEvery: 1, workers: 0 }) };
}

const learnt = (state: Checkpoint['state']) =>
  Object.fromEntries(Object.entries(state).filter(([name]) => !name.startsWith('scaling.')));

describe('training in float16 on WebGPU', { skip: why }, () => {
  it('has the losses of float32 on wasm to 1 %, and skips no step', async () => {
    await using full = training('wasm', {}).run;
    for await (const _ of full);
    await using half = training('webgpu', { precision: 'float16' }).run;
    for await (const { report } of half) assert.equal(report!.skipped, 0);
    const losses = [half, full].map(({ history }) => history.map(({ loss }) => loss));
    const difference = largestDifference(losses[0], losses[1]);
    assert.ok(difference < 1e-2 && difference > 1e-6, `${difference}: ${losses}`);
  });

  for (const name of ['ViT', 'BYOL']) {
    it(`of ${name} starts with the loss of float32 to 1 %, and continues`, async () => {
      const run = TINY_RUNS[name];
      const [[expected], losses] = [
        await lossesOf('wasm', run),
        await lossesOf('webgpu', { ...run, precision: 'float16' }),
      ];
      assert.ok(Math.abs(losses[0] - expected) < 1e-2 * Math.abs(expected), `${losses[0]}; ${expected}`);
      assert.ok(losses[2] !== losses[0] && losses.every(Number.isFinite), `${losses}`);
    });
  }

  it('skips the steps that overflow without changing anything, and continues at a smaller scale', async () => {
    const { state, run } = training('webgpu', { precision: 'float16' }, 2 ** 18);
    await using half = run;
    for await (const { step, report } of half) {
      if (step > 1) continue;
      assert.deepEqual([report!.skipped, report!.lossScale], [1, 2 ** 17]);
      assert.deepEqual(learnt((await half.checkpoint()).state), learnt(state));
    }
    const { skipped, lossScale } = half.history.at(-1)!;
    assert.ok(skipped < 6 && lossScale === 2 ** (18 - skipped), JSON.stringify(half.history));
    const { state: end } = await half.checkpoint();
    assert.notDeepEqual(learnt(end), learnt(state));
    assert.ok(Object.values(end).every((tensor) => tensor.every(Number.isFinite)));
  });
});

describe('embedding in float16 on WebGPU', { skip: why }, () => {
  it('gives the vectors of float32 to 1 %', async () => {
    const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    const vectors = [];
    for (const [device, precision] of [
      ['wasm', 'float32'],
      ['webgpu', 'float16'],
    ] as const) {
      const options = { model: config.model, recipe: config.recipe, weights: initialWeights(config), workers: 0 };
      await using embedder = await openEmbedder({ ...options, device, precision });
      vectors.push((await embedder.matrix(plainImages(4))).data);
    }
    const difference = relativeError(vectors[1], vectors[0]);
    assert.ok(difference > 1e-6 && difference < 1e-2, `${difference}`);
  });
});
