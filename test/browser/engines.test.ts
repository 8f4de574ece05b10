import { describe, it } from 'node:test';
import golden from '../golden/short-training.json';
import { largestDifference, shortTraining } from '../support/short-training.ts';
import { lossesOf, TINY_RUNS } from '../support/tiny-runs.ts';

describe('a short training has the losses PyTorch computes in float64', () => {
  for (const device of ['wasm', 'webgpu'] as const) {
    it(`on ${device} in this browser, to 1e-3`, async () => {
      const losses = await shortTraining(device);
      if (!(largestDifference(losses, golden.losses) < 1e-3)) throw new Error(`the losses were ${losses}`);
    });
  }
});

describe('three steps of a ViT', () => {
  it('have the same losses on wasm and on WebGPU in this browser, to 1e-3', async () => {
    const [expected, found] = [await lossesOf('wasm', TINY_RUNS.ViT), await lossesOf('webgpu', TINY_RUNS.ViT)];
    if (!(largestDifference(found, expected) < 1e-3)) throw new Error(`the losses were ${found} and ${expected}`);
  });
});
