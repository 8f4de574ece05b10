import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fit } from '../../src/index.ts';
import { augmentationDigest, PatchPool } from '../../src/patches.ts';
import { batchHash } from '../patches/batch-fixture.ts';
import { STREAKED_HASH, STREAKS, STREAKS_DIGEST, streakedJob } from '../patches/own-fixture.ts';
import { MODULES } from '../support/modules.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

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

  it('trains with the same bits in this thread and in a worker', async () => {
    const config = {
      ...SHORT_RUN,
      recipe: { ...SHORT_RUN.recipe!, own: { streaks: { most: 3 } } },
      augmentations: [STREAKS],
      model: {
        encoder: { kind: 'conv', widths: [6], strides: [2], residual: false },
        projector: { hidden: [8], out: 8 },
      },
      images: 4,
      budget: { steps: 2 },
    } as const;
    const losses = async (background: boolean, workers: number) => {
      const engine = { device: 'wasm', threads: 1, modules: MODULES, reportEvery: 1 } as const;
      await using training = fit({ data: plainImages(4, 8), ...engine, background, workers, config });
      for await (const _ of training);
      return training.history.map(({ loss }) => loss);
    };
    assert.deepEqual(await losses(true, 1), await losses(false, 0));
  });

  it('has the same digest on every platform', async () => {
    assert.equal(await augmentationDigest(STREAKS, { most: 3 }), STREAKS_DIGEST);
  });
});
