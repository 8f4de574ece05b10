import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flopsOf, NETWORKS } from '../../bench/step/networks.ts';
import { ours } from '../../bench/step/ours.ts';

// What jax-js 0.1.25 computes of the same networks, weights and patches, TF.js 4.22 too of the first (`npm run bench -- step`).
const LOSSES: Record<string, readonly number[]> = {
  bare: [-1.14897, -1.19523, -1.27288],
  default: [-1.79858, -1.8485, -1.87339],
};

describe('the networks of the comparison', () => {
  for (const [network, { name }] of NETWORKS.entries()) {
    it(`${name}: our first losses are the peers'`, async () => {
      const step = await ours(NETWORKS[network], { engine: 'bagssl', device: 'native', threads: 1, network });
      for (const expected of LOSSES[name]) {
        const loss = await step.steps(1);
        assert.ok(Math.abs(loss - expected) < 1e-3, `${loss} instead of ${expected}`);
      }
    });
  }

  it('the bare one takes 1.93 GFLOP a step', () => {
    // By hand, a patch: 27·32·256 + 288·64·64 + 576·128·16 + 128·64 multiply-adds forward; twice that backward, but no
    // gradient in the patches.
    const [first, others] = [27 * 32 * 256, 288 * 64 * 64 + 576 * 128 * 16 + 128 * 64];
    assert.equal(flopsOf(NETWORKS[0]), 128 * 2 * (2 * first + 3 * others));
  });
});
