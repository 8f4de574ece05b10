import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { augmentationDigest, PatchPool } from '../../src/patches.ts';
import { batchHash } from '../patches/batch-fixture.ts';
import { STREAKED_HASH, STREAKS, STREAKS_DIGEST, streakedJob } from '../patches/own-fixture.ts';

describe('an augmentation of the user’s own', () => {
  for (const workers of [0, 2]) {
    it(`gives the same bits on every platform, cut by ${workers || 'no'} workers`, async () => {
      const pool = await PatchPool.create({ workers, augmentations: [STREAKS] });
      try {
        assert.equal(batchHash(await pool.cut(streakedJob())), STREAKED_HASH);
      } finally {
        await pool.dispose();
      }
    });
  }

  it('has the same digest on every platform', async () => {
    assert.equal(await augmentationDigest(STREAKS, { most: 3 }), STREAKS_DIGEST);
  });
});
