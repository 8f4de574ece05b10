import type { Embedder } from '../bag/embedder.ts';
import { type Matrix, row } from '../base/matrix.ts';
import { checkOptions, FUNCTION, givenParts, needed, OBJECT, type Rules, SIGNAL, whole } from '../base/options.ts';
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
  /** Seed of the draws: a whole number, 0 or more; default 0. */
  readonly seed?: number;
  /** Stops the work with an `aborted` error before its next image. */
  readonly signal?: AbortSignal;
  /** Images done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<GrowingBagOptions> = {
  counts: {
    asked: 'rising whole numbers of at least 1',
    needed: true,
    fits: (value) =>
      Array.isArray(value) && value.every((count, i) => Number.isSafeInteger(count) && count > (value[i - 1] ?? 0)),
  },
  placement: needed(OBJECT),
  seed: whole(0),
  signal: SIGNAL,
  onProgress: FUNCTION,
};

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
 * @throws BagsslError `bad-argument`, such as for counts that do not rise from at least 1
 */
export async function growingBags(
  embedder: Embedder,
  images: ImageSet,
  options: GrowingBagOptions,
): Promise<GrowingBags> {
  givenParts(embedder, 'embedder', 'width', 'bags');
  checkImageSet(images, 'images');
  checkOptions('growingBags', options, RULES);
  const { counts, placement, seed = 0, signal, onProgress } = options;
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
