import type { Embedder, EmbedOptions } from '../bag/embedder.ts';
import type { ImageSet } from '../data/image-set.ts';
import { noneReadable } from '../data/readable-set.ts';
import type { Labelled } from './knn.ts';

/**
 * The bags of labelled images with their classes, without the images that cannot be read.
 * @throws BagsslError `bad-data` if none can be read; whatever `Embedder.matrix` throws
 */
export async function labelledVectors(embedder: Embedder, images: ImageSet, options: EmbedOptions): Promise<Labelled> {
  const failures = new Map<number, { readonly reason: string }>();
  const features = await embedder.matrix(images, {
    ...options,
    onError: ({ message }, index) => failures.set(index, { reason: message }),
  });
  if (features.rows === 0) throw noneReadable(images, [...failures.values()]);
  return { features, labels: images.labels!.filter((_, index) => !failures.has(index)) };
}
