import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAdapter } from '../../src/runtime.ts';
import golden from '../golden/short-training.json';
import { largestDifference, shortTraining } from '../support/short-training.ts';

const adapter = await findAdapter();

describe('a short training has the losses PyTorch computes in float64', () => {
  it('on wasm in Deno, to 1e-3', async () => {
    assert.ok(largestDifference(await shortTraining('wasm'), golden.losses) < 1e-3);
  });

  const why = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;
  it('on WebGPU in Deno, to 1e-3', { skip: why }, async () => {
    const losses = await shortTraining('webgpu');
    assert.ok(largestDifference(losses, golden.losses) < 1e-3, `${losses}`);
  });
});
