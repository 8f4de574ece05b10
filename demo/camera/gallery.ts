import { SearchIndex } from 'bagssl';
import type { ImageSet } from 'bagssl/data';
import { centred, meanRow } from 'bagssl/evaluate';

/** At most so many pictures are compared with. */
export const MOST = 400;

/**
 * The vectors of pictures, to be searched. All vectors share much, which their mean has: without it cosines tell more.
 */
export class Gallery {
  readonly #index: SearchIndex;
  readonly #mean: Float32Array;

  private constructor(
    readonly size: number,
    width: number,
    vectors: Float32Array,
  ) {
    const matrix = { data: vectors, rows: size, columns: width };
    this.#mean = meanRow(matrix);
    const { data } = centred(matrix, this.#mean);
    this.#index = new SearchIndex(width);
    for (let i = 0; i < size; i++) this.#index.add(String(i), data.subarray(i * width, (i + 1) * width));
  }

  /** Embeds the first pictures of a set, one after the other; undefined where `onPicture` says to stop. */
  static async of(
    set: ImageSet,
    embed: (picture: Awaited<ReturnType<ImageSet['image']>>) => Promise<Float32Array>,
    onPicture: (done: number, total: number) => boolean,
  ): Promise<Gallery | undefined> {
    const size = Math.min(MOST, set.length);
    let vectors = new Float32Array(0);
    let width = 0;
    for (let i = 0; i < size; i++) {
      const vector = await embed(await set.image(i));
      if (i === 0) {
        width = vector.length;
        vectors = new Float32Array(size * width);
      }
      vectors.set(vector, i * width);
      if (!onPicture(i + 1, size)) return undefined;
    }
    return new Gallery(size, width, vectors);
  }

  /** The pictures nearest to a vector. */
  nearest(vector: Float32Array, most: number): { picture: number; similarity: number }[] {
    const query = vector.map((value, k) => value - this.#mean[k]);
    return this.#index.search(query, most).map(({ id, similarity }) => ({ picture: Number(id), similarity }));
  }
}
