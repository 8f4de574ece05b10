import { describe, it } from 'node:test';
import golden from '../golden/short-training.json';
import { largestDifference, shortTraining } from '../support/short-training.ts';

describe('a short training has the losses PyTorch computes in float64', () => {
  for (const device of ['wasm', 'webgpu'] as const) {
    it(`on ${device} in this browser, to 1e-3`, async () => {
      const losses = await shortTraining(device);
      if (!(largestDifference(losses, golden.losses) < 1e-3)) throw new Error(`the losses were ${losses}`);
    });
  }
});
