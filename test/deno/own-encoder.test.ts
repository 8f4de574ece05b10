import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAdapter } from '../../src/runtime.ts';
import { difference } from '../support/golden.ts';
import { ownEncoders, sgdLosses } from '../support/own-encoders.ts';

const adapter = await findAdapter();
const why = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;

describe('networks exported by PyTorch take three steps of SGD on WebGPU in Deno with the losses PyTorch has', () => {
  for (const file of ['plain-opset17', 'vit']) {
    it(file, { skip: why }, async () => {
      const own = ownEncoders.find((one) => one.file === file)!;
      const losses = await sgdLosses(own, 'webgpu');
      assert.ok(difference(losses, own.losses) < 1e-3, `${losses}, expected ${own.losses}`);
    });
  }
});
