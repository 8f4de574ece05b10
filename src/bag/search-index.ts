import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { given } from '../base/options.ts';
import { isA } from '../base/values.ts';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import { Nearest } from './nearest.ts';

/** What names an image in an index: a text such as its path, or a number. The text "1" and the number 1 are two names. */
export type ImageId = string | number;

/** An image found, and the cosine of its vector with the query's, −1 to 1. */
export interface Found<Id extends ImageId = string> {
  /** The name it was added under. */
  readonly id: Id;
  /** Cosine, −1 to 1. */
  readonly similarity: number;
}

const KEY = 'bagssl.ids';

/** Finds the images whose vectors are closest in direction to a query's. Exact: it compares every vector. */
export class SearchIndex<Id extends ImageId = string> {
  /** Unit vectors; row i is that of the i-th id. */
  #data: Float32Array<ArrayBuffer>;
  readonly #ids: Id[] = [];
  readonly #rows = new Map<Id, number>();

  /**
   * An empty index.
   * @param width of the vectors, such as an embedder's
   * @throws BagsslError `bad-argument` for a width that is no whole number of at least 1
   */
  constructor(readonly width: number) {
    given(Number.isInteger(width) && width >= 1, width, 'width', 'a whole number of at least 1');
    this.#data = new Float32Array(width * 16);
  }

  /** Images in it. */
  get size(): number {
    return this.#ids.length;
  }

  /** Whether a vector is kept under this name. */
  has(id: Id): boolean {
    return this.#rows.has(id);
  }

  /** The names of its images. Their order changes when one is removed. */
  get ids(): readonly Id[] {
    return this.#ids;
  }

  /** Its unit vectors, [size, width]; row i is that of `ids[i]`. A view on the index's own memory, good until it next changes. */
  get vectors(): Matrix {
    const [rows, columns] = [this.size, this.width];
    return { data: this.#data.subarray(0, rows * columns), rows, columns };
  }

  /** The unit vector of an image; undefined where there is none. */
  vector(id: Id): Float32Array | undefined {
    const row = this.#rows.get(id);
    return row === undefined ? undefined : this.#data.slice(row * this.width, (row + 1) * this.width);
  }

  /**
   * Adds an image, or gives it another vector. All cosines of a zero vector are 0.
   * @param id a string or a finite number
   * @throws BagsslError `shape-mismatch` for a vector of another width; `bad-data` for one that is not finite; `bad-argument`
   */
  add(id: Id, vector: Float32Array): void {
    given(isId(id), id, 'id', 'a string or a finite number');
    const unit = this.#unit(vector, `the vector of "${id}"`);
    let row = this.#rows.get(id);
    if (row === undefined) {
      row = this.#ids.push(id) - 1;
      this.#rows.set(id, row);
      if (row * this.width === this.#data.length) {
        const larger = new Float32Array(2 * this.#data.length);
        larger.set(this.#data);
        this.#data = larger;
      }
    }
    this.#data.set(unit, row * this.width);
  }

  /** Whether it was there. */
  remove(id: Id): boolean {
    const row = this.#rows.get(id);
    if (row === undefined) return false;
    // The last one takes its place.
    const last = this.#ids.length - 1;
    const moved = this.#ids.pop()!;
    this.#data.copyWithin(row * this.width, last * this.width, (last + 1) * this.width);
    if (row < last) {
      this.#ids[row] = moved;
      this.#rows.set(moved, row);
    }
    this.#rows.delete(id);
    return true;
  }

  /**
   * The `k` images nearest to a vector, nearest first; all where there are fewer.
   * @throws BagsslError `shape-mismatch`, `bad-data`, `bad-argument`
   */
  search(vector: Float32Array, k = 10): Found<Id>[] {
    given(Number.isInteger(k) && k >= 1, k, 'k', 'a whole number of at least 1');
    const query = this.#unit(vector, 'the query');
    const nearest = new Nearest(Math.min(k, this.size));
    const [data, width] = [this.#data, this.width];
    for (let row = 0; row < this.size; row++) {
      let dot = 0;
      const from = row * width;
      for (let i = 0; i < width; i++) dot += data[from + i] * query[i];
      nearest.offer(dot, row);
    }
    return nearest.sorted().map(({ similarity, index }) => ({ id: this.#ids[index], similarity }));
  }

  /** As a safetensors file: the unit vectors, and the ids in its metadata. */
  save(): Uint8Array<ArrayBuffer> {
    const { data, rows, columns } = this.vectors;
    return writeSafetensors(
      { vectors: { dtype: 'F32', shape: [rows, columns], data } },
      { [KEY]: JSON.stringify(this.#ids) },
    );
  }

  /** @throws BagsslError `bad-checkpoint` for bytes that `save` did not give */
  static load<Id extends ImageId = string>(bytes: Uint8Array): SearchIndex<Id> {
    const { tensors, metadata } = readSafetensors(bytes);
    const { dtype, shape = [], data } = tensors.vectors ?? {};
    const ids = idsOf<Id>(metadata[KEY]);
    if (dtype !== 'F32' || shape.length !== 2 || shape[0] !== ids?.length || new Set(ids).size !== ids.length) {
      throw new BagsslError(
        'bad-checkpoint',
        `The file is no search index: its vectors [${shape}] do not fit its ids.`,
      );
    }
    const [, width] = shape;
    const index = new SearchIndex<Id>(width);
    ids.forEach((id, row) => {
      index.add(id, (data as Float32Array).subarray(row * width, (row + 1) * width));
    });
    return index;
  }

  #unit(vector: Float32Array, what: string): Float32Array {
    given(isA(vector, 'Float32Array'), vector, what, 'a Float32Array');
    if (vector.length !== this.width) {
      throw new BagsslError(
        'shape-mismatch',
        `The index holds vectors of ${this.width} dimensions, but ${what} has ${vector.length}. Embed with the model it was made with.`,
      );
    }
    let square = 0;
    for (const value of vector) square += value * value;
    if (!Number.isFinite(square)) {
      throw new BagsslError('bad-data', `${what} is not finite; its model is damaged or diverged.`);
    }
    const factor = square === 0 ? 0 : 1 / Math.sqrt(square);
    return vector.map((value) => value * factor);
  }
}

/** Minus zero would come back from a file as 0. */
const isId = (id: unknown): id is ImageId => typeof id === 'string' || (Number.isFinite(id) && !Object.is(id, -0));

function idsOf<Id extends ImageId>(text: string | undefined): Id[] | undefined {
  try {
    const ids: unknown = JSON.parse(text ?? '');
    return Array.isArray(ids) && ids.every(isId) ? (ids as Id[]) : undefined;
  } catch {
    return undefined;
  }
}
