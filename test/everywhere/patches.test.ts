import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PatchPool } from '../../src/index.ts';
import { batchHash, FIXTURE_HASH, fixtureJob } from '../patches/batch-fixture.ts';

describe('a batch of patches has the same bits on every platform', () => {
  for (const workers of [0, 1, 2, 4]) {
    it(`cut by ${workers || 'no'} worker${workers === 1 ? '' : 's'}`, async () => {
      const pool = await PatchPool.create({ workers });
      try {
        assert.equal(batchHash(await pool.cut(fixtureJob())), FIXTURE_HASH);
      } finally {
        await pool.dispose();
      }
    });
  }
});
