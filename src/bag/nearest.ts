import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';

/**
 * Cosine of the angle between two vectors, −1 to 1; 0 where one of them is all zeros.
 * @throws BagsslError `shape-mismatch`
 */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (const vector of [a, b]) given(typeof vector?.length === 'number', vector, 'A vector', 'an array of numbers');
  if (a.length !== b.length) {
    throw new BagsslError('shape-mismatch', `The vectors have ${a.length} and ${b.length} dimensions.`);
  }
  let [dot, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    left += a[i] * a[i];
    right += b[i] * b[i];
  }
  return left > 0 && right > 0 ? dot / Math.sqrt(left * right) : 0;
}

export interface Neighbour {
  readonly similarity: number;
  readonly index: number;
}

/** The k best offers so far: a heap with the worst of them on top. Of equals the one offered first stays. */
export class Nearest {
  readonly #similarity: Float64Array;
  readonly #index: Int32Array;
  #size = 0;

  constructor(private readonly k: number) {
    this.#similarity = new Float64Array(k);
    this.#index = new Int32Array(k);
  }

  offer(similarity: number, index: number): void {
    if (this.#size < this.k) {
      let i = this.#size++;
      for (; i > 0; i = (i - 1) >> 1) {
        const parent = (i - 1) >> 1;
        if (this.#similarity[parent] <= similarity) break;
        this.#move(parent, i);
      }
      this.#put(i, similarity, index);
    } else if (similarity > this.#similarity[0]) {
      let i = 0;
      for (let child = 1; child < this.k; child = 2 * i + 1) {
        if (child + 1 < this.k && this.#similarity[child + 1] < this.#similarity[child]) child++;
        if (this.#similarity[child] >= similarity) break;
        this.#move(child, i);
        i = child;
      }
      this.#put(i, similarity, index);
    }
  }

  sorted(): Neighbour[] {
    return Array.from({ length: this.#size }, (_, i) => ({
      similarity: this.#similarity[i],
      index: this.#index[i],
    })).sort((a, b) => b.similarity - a.similarity || a.index - b.index);
  }

  #move(from: number, to: number): void {
    this.#similarity[to] = this.#similarity[from];
    this.#index[to] = this.#index[from];
  }

  #put(at: number, similarity: number, index: number): void {
    this.#similarity[at] = similarity;
    this.#index[at] = index;
  }
}
