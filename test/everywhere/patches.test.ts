import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatchPool } from '../../src/patches.ts';
import { batchHash, FIXTURE_HASH, fixtureJob } from '../patches/batch-fixture.ts';

describe('a batch of patches has the same bits on every platform', () => {
  for (const workers of [0, 1, 2, 3, 8]) {
    it(`cut by ${workers || 'no'} worker${workers === 1 ? '' : 's'}, handed over and in shared memory`, async () => {
      const pool = await PatchPool.create({ workers });
      try {
        assert.equal(batchHash(await pool.cut(fixtureJob())), FIXTURE_HASH);
        const into = new Float32Array(new SharedArrayBuffer(64 * 3 * 16 * 16 * 4));
        assert.equal(batchHash(await pool.cut(fixtureJob(), { into })), FIXTURE_HASH);
      } finally {
        await pool.dispose();
      }
    });
  }
});
