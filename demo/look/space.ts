import type { Feature, Matrix } from 'bagssl/embed';
import { centred, meanRow } from 'bagssl/evaluate';

/** Identifies a patch: its picture, and its index among the picture's patches. */
export interface Place {
  readonly picture: number;
  readonly patch: number;
}

export interface Near extends Place {
  readonly similarity: number;
}

/**
 * All patches of all pictures in one space, as unit vectors after subtracting their mean. After a ReLU, vectors have no negative
 * entries, so raw cosines mostly compare the mean, which every patch shares.
 */
export class Space {
  readonly #units: readonly Float32Array[];
  readonly #width: number;

  constructor(
    readonly feature: Feature,
    pictures: readonly Matrix[],
  ) {
    const [{ columns }] = pictures;
    const rows = pictures.reduce((sum, matrix) => sum + matrix.rows, 0);
    const all = { data: new Float32Array(rows * columns), rows, columns };
    let at = 0;
    for (const { data } of pictures) {
      all.data.set(data, at);
      at += data.length;
    }
    const mean = meanRow(all);
    this.#width = columns;
    this.#units = pictures.map((matrix) => unitRows(centred(matrix, mean)));
  }

  /** The cosine of one patch with every patch of every picture. */
  similarities({ picture, patch }: Place): Float32Array[] {
    const width = this.#width;
    const query = this.#units[picture].subarray(patch * width, (patch + 1) * width);
    return this.#units.map((units) => {
      const similar = new Float32Array(units.length / width);
      for (let i = 0; i < similar.length; i++) {
        let sum = 0;
        for (let k = 0; k < width; k++) sum += query[k] * units[i * width + k];
        similar[i] = sum;
      }
      return similar;
    });
  }
}

/** The most similar patches of other pictures, the best of each picture. */
export function nearest(similarities: readonly Float32Array[], own: number, most: number): Near[] {
  const best = similarities.map((values, picture) => {
    const patch = values.reduce((found, value, i) => (value > values[found] ? i : found), 0);
    return { picture, patch, similarity: values[patch] };
  });
  return best
    .filter(({ picture }) => picture !== own)
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, most);
}

function unitRows({ data, rows, columns }: Matrix): Float32Array {
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    const length = Math.hypot(...row) || 1;
    for (let k = 0; k < columns; k++) row[k] /= length;
  }
  return data;
}
