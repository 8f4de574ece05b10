import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAdapter } from '../../src/runtime.ts';
import { largestDifference } from '../support/short-training.ts';
import { lossesOf, TINY_RUNS } from '../support/tiny-runs.ts';

const adapter = await findAdapter();
const skip = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;

describe('three steps have the same losses on wasm and on WebGPU in Deno, to 1e-3', { skip }, () => {
  for (const [name, run] of Object.entries(TINY_RUNS)) {
    it(name, async () => {
      const [expected, found] = [await lossesOf('wasm', run), await lossesOf('webgpu', run)];
      assert.equal(expected.length, 3);
      assert.notEqual(expected[0], expected[2]);
      assert.ok(largestDifference(found, expected) < 1e-3, `${found}; ${expected}`);
    });
  }
});
