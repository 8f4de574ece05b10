import type { Embedder } from '../bag/embedder.ts';
import { BagsslError } from '../base/errors.ts';
import { type Matrix, row } from '../base/matrix.ts';
import { givenParts } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import type { Placement } from '../patches/placement.ts';

/** Which bags to make. */
export interface GrowingBagOptions {
  /** Bag sizes, rising whole numbers. */
  readonly counts: readonly number[];
  /** Where patches may lie; each is embedded once. */
  readonly placement: Placement;
  /** Seed of the draws; default 0. */
  readonly seed?: number;
  /** Stops the work with an `aborted` error before its next image. */
  readonly signal?: AbortSignal;
  /** Images done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Every image's bags of several sizes, one row per image. */
export interface GrowingBags {
  /** For each count n, every image's mean of n patches drawn at random, with replacement. A larger bag contains the smaller ones. */
  readonly drawn: readonly Matrix[];
  /** Every image's mean over all positions. */
  readonly all: Matrix;
  /** Positions of the first image. */
  readonly positions: number;
}

/**
 * Bags of several sizes in one pass. Every position of an image is embedded once, and bags of any size are means of these vectors,
 * so all sizes together cost as much as `all` alone.
 * @throws BagsslError `bad-argument` for counts that do not rise from at least 1
 */
export async function growingBags(
  embedder: Embedder,
  images: ImageSet,
  options: GrowingBagOptions,
): Promise<GrowingBags> {
  givenParts(embedder, 'embedder', 'width', 'bags');
  checkImageSet(images, 'images');
  givenParts(options, 'What growingBags is given', 'counts', 'placement');
  const { counts, placement, seed = 0, signal, onProgress } = options;
  if (!counts.every((count, i) => Number.isSafeInteger(count) && count > (counts[i - 1] ?? 0))) {
    throw new BagsslError(
      'bad-argument',
      `counts must be rising whole numbers of at least 1, got ${counts.join(', ')}.`,
    );
  }
  const { width } = embedder;
  const empty = (): Matrix => ({
    data: new Float32Array(images.length * width),
    rows: images.length,
    columns: width,
  });
  const drawn = counts.map(empty);
  const all = empty();
  let positions = 0;
  for await (const bag of embedder.bags(images, { placement, keepPatches: true, signal, onProgress })) {
    const { vectors } = bag.patches!;
    if (bag.index === 0) positions = bag.count;
    all.data.set(bag.vector, bag.index * width);
    const stream = new Stream(seed, 'growing bag', bag.index);
    const sum = new Float64Array(width);
    let taken = 0;
    counts.forEach((count, i) => {
      for (; taken < count; taken++) {
        const vector = row(vectors, stream.below(vectors.rows));
        for (let k = 0; k < width; k++) sum[k] += vector[k];
      }
      const at = bag.index * width;
      for (let k = 0; k < width; k++) drawn[i].data[at + k] = sum[k] / count;
    });
  }
  return { drawn, all, positions };
}
