import { BagsslError } from '../base/errors.ts';
import type { ImageSet } from '../data/image-set.ts';
import type { JobImage } from '../patches/job.ts';
import { PatchPool } from '../patches/pool.ts';
import { cifar16 } from '../patches/presets.ts';
import { withoutAugmentation } from '../patches/recipe.ts';
import type { Labelled } from './knn.ts';

/** The side to which images are resized, so that images of any size can be compared. */
const SIDE = 32;
const IMAGES = 200;

/**
 * The baseline without a network: each labelled image's middle square, 32×32 pixels, as one vector; without the images that cannot be
 * read.
 */
export async function pixelFeatures(
  images: ImageSet,
  { workers = 2, workerUrl, signal }: { workers?: number; workerUrl?: URL | string; signal?: AbortSignal } = {},
): Promise<Labelled> {
  const recipe = { ...withoutAugmentation(cifar16), size: SIDE, scale: [1, 1] as const };
  const columns = 3 * SIDE * SIDE;
  const data = new Float32Array(images.length * columns);
  const source = { kind: 'placed', placement: { kind: 'grid', across: 1 } } as const;
  const kept: number[] = [];
  const pool = await PatchPool.create({ workers, workerUrl });
  try {
    for (let from = 0; from < images.length; from += IMAGES) {
      const all = Array.from({ length: Math.min(IMAGES, images.length - from) }, (_, k) => readable(images, from + k));
      const some = (await Promise.all(all)).filter((image) => image !== undefined);
      if (some.length === 0) continue;
      const batch = await pool.cut({ recipe, images: some, source }, { signal });
      data.set(batch.data, kept.length * columns);
      kept.push(...some.map(({ id }) => id));
    }
  } finally {
    await pool.dispose();
  }
  const features = { data: data.subarray(0, kept.length * columns), rows: kept.length, columns };
  return { features, labels: Int32Array.from(kept, (index) => images.labels![index]) };
}

async function readable(images: ImageSet, id: number): Promise<JobImage | undefined> {
  try {
    return { id, pixels: await images.image(id) };
  } catch (error) {
    if (error instanceof BagsslError && error.code === 'bad-data') return undefined;
    throw error;
  }
}
