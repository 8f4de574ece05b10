import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import golden from '../golden/short-training.json';
import { largestDifference, shortTraining } from '../support/short-training.ts';

describe('a short training has the losses PyTorch computes in float64', () => {
  for (const device of ['native', 'wasm'] as const) {
    it(`on ${device} in Node, to 1e-3`, async () => {
      const losses = await shortTraining(device);
      assert.ok(largestDifference(losses, golden.losses) < 1e-3, `${losses}`);
    });
  }

  it('whatever the number of workers, bit for bit', async () => {
    const one = await shortTraining('wasm', { workers: 1 });
    for (const workers of [0, 2, 4]) assert.deepEqual(await shortTraining('wasm', { workers }), one);
  });

  it('on two wasm threads', async () => {
    const losses = await shortTraining('wasm', { threads: 2 });
    assert.ok(largestDifference(losses, golden.losses) < 1e-3);
  });
});
