import type { Matrix } from '../base/matrix.ts';
import type { ImageSet } from '../data/image-set.ts';
import { PatchPool } from '../patches/pool.ts';
import { cifar16 } from '../patches/presets.ts';
import { withoutAugmentation } from '../patches/recipe.ts';

/** Side raw pixels are brought to, so that images of any size can be compared. */
const SIDE = 32;
const IMAGES = 200;

/** The baseline without a network: each image's middle square, 32×32 pixels, as one vector. */
export async function pixelFeatures(
  images: ImageSet,
  { workers = 2, workerUrl, signal }: { workers?: number; workerUrl?: URL | string; signal?: AbortSignal } = {},
): Promise<Matrix> {
  const recipe = { ...withoutAugmentation(cifar16), size: SIDE, scale: [1, 1] as const };
  const columns = 3 * SIDE * SIDE;
  const data = new Float32Array(images.length * columns);
  const pool = await PatchPool.create({ workers, workerUrl });
  try {
    for (let from = 0; from < images.length; from += IMAGES) {
      const ids = Array.from({ length: Math.min(IMAGES, images.length - from) }, (_, k) => from + k);
      const pixels = await Promise.all(ids.map((id) => images.image(id)));
      const batch = await pool.cut(
        {
          recipe,
          images: ids.map((id, k) => ({ id, pixels: pixels[k] })),
          source: { kind: 'placed', placement: { kind: 'grid', across: 1 } },
        },
        { signal },
      );
      data.set(batch.data, from * columns);
    }
  } finally {
    await pool.dispose();
  }
  return { data, rows: images.length, columns };
}
