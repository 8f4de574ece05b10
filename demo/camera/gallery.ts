import { SearchIndex } from 'bagssl';
import type { Matrix } from 'bagssl/embed';
import { centred, meanRow } from 'bagssl/evaluate';

/** The vectors of pictures, to search. Their mean is subtracted: all share it, and without it cosines discriminate better. */
export class Gallery {
  readonly size: number;
  readonly #index: SearchIndex;
  readonly #mean: Float32Array;

  constructor(vectors: Matrix) {
    const { rows, columns } = vectors;
    this.size = rows;
    this.#mean = meanRow(vectors);
    const { data } = centred(vectors, this.#mean);
    this.#index = new SearchIndex(columns);
    for (let i = 0; i < rows; i++) this.#index.add(String(i), data.subarray(i * columns, (i + 1) * columns));
  }

  /** The nearest pictures to a vector. */
  nearest(vector: Float32Array, most: number): { picture: number; similarity: number }[] {
    const query = vector.map((value, k) => value - this.#mean[k]);
    return this.#index.search(query, most).map(({ id, similarity }) => ({ picture: Number(id), similarity }));
  }
}
