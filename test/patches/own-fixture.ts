// A job with an augmentation of the user's own, for the tests of every platform: nothing here knows Node.

import type { PatchJob } from '../../src/patches/job.ts';
import { fixtureJob } from './batch-fixture.ts';

/** From build/test/*, where tests run. */
export const STREAKS = new URL('../../../test/patches/streaks.mjs', import.meta.url);

/** The fixture job, with streaks. A size that is no multiple of 4 leaves gaps between the planes in the kernels' memory. */
export function streakedJob(): PatchJob {
  const { recipe, ...job } = fixtureJob();
  return { ...job, recipe: { ...recipe, size: 15, own: { streaks: { most: 3 } } }, keepParameters: true };
}

/** What `batchHash` of the batch of `streakedJob()` must be, everywhere. */
export const STREAKED_HASH = '309a6dee3d5102fe';

/** What `augmentationDigest(STREAKS, { most: 3 })` must be, everywhere. */
export const STREAKS_DIGEST = '23d2eae394111138f0a05215f5d8c97c8b4d9f19568aedd3b1001ad1d73d08fd';
