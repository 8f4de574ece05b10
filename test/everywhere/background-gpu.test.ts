import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fit } from '../../src/index.ts';
import { findAdapter } from '../../src/runtime.ts';
import { MODULES } from '../support/modules.ts';
import { largestDifference, plainImages } from '../support/short-training.ts';
import { TINY_RUNS } from '../support/tiny-runs.ts';

const adapter = await findAdapter();
const skip = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;

/** The losses of two steps, and where they were computed. */
async function train(device: 'webgpu' | 'wasm', background: boolean) {
  const config = { ...TINY_RUNS['spectral contrastive'], budget: { steps: 2 } };
  await using training = fit({
    data: plainImages(),
    device,
    background,
    config,
    reportEvery: 1,
    threads: 1,
    workers: 0,
    modules: MODULES,
  });
  const { device: used } = await training.open();
  for await (const _ of training);
  return { used, losses: training.history.map(({ loss }) => loss) };
}

describe('a training in a worker on a GPU', { skip }, () => {
  it('has the losses of one on wasm, to 1e-3', async () => {
    const expected = await train('wasm', false);
    const found = await train('webgpu', true);
    assert.equal(found.used, 'webgpu');
    assert.equal(found.losses.length, 2);
    assert.ok(largestDifference(found.losses, expected.losses) < 1e-3, `${found.losses}; ${expected.losses}`);
  });
});
