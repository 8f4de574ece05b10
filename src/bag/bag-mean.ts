import { BagsslError } from '../errors.ts';

/**
 * The bag's representation of an image: the mean of its patches' vectors. Vectors are added one by one in float64, so a
 * bag of any size takes the memory of one, and the order does not show in the float32 result.
 */
export class BagMean {
  readonly #sum: Float64Array;
  #count = 0;

  constructor(readonly width: number) {
    this.#sum = new Float64Array(width);
  }

  get count(): number {
    return this.#count;
  }

  /** Adds the vector that starts at `offset` in `data`. */
  add(data: Float32Array, offset = 0): void {
    for (let i = 0; i < this.width; i++) this.#sum[i] += data[offset + i];
    this.#count++;
  }

  /** The mean of what was added; an empty bag has none ('bad-data'). */
  mean(): Float32Array {
    if (this.#count === 0) throw new BagsslError('bad-data', 'A bag without patches has no representation.');
    return Float32Array.from(this.#sum, (total) => total / this.#count);
  }
}
