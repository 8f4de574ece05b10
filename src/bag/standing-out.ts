import type { Matrix } from '../base/matrix.ts';

// Measured with the encoder that comes with the package: docs/guides/embed.md.
/**
 * 1 − cosine of a group's weakest link, divided by that of the nearest other image: the ratio test of matches (Lowe, 2004, section 7.1).
 * Copies pass however unlike the original they are, if nothing else is nearly as similar; images of a series, with many as similar, do not.
 */
const RATIO = 0.7;
/** Of an unrelated image, in place of the nearest. */
const MEAN_RATIO = 0.5;
/** Fewer images do not show how similar unrelated ones are to an encoder: most may be copies. */
const FEW = 20;
/** As many that all are this similar are one group. */
const SAME = 0.85;

/** Which clusters of vectors stand out from the others: the default rule of `findDuplicates`, which states it. */
export class StandingOut {
  /** Weaker links hold no group together. */
  readonly least: number;
  readonly #vectors: Matrix;
  readonly #far: number;

  /** @param vectors unit vectors */
  constructor(vectors: Matrix) {
    this.#vectors = vectors;
    const mean = vectors.rows < FEW ? 0 : Math.max(0, meanCosine(vectors));
    this.#far = 1 - MEAN_RATIO * (1 - mean);
    this.least = Math.min(this.#far, SAME);
  }

  /**
   * @param similarity of the cluster's weakest link
   * @param outside the highest cosine with another vector, if it is known to be at least `least`
   * @param rows of the cluster
   */
  fits(similarity: number, outside: number | undefined, rows: () => readonly number[]): boolean {
    const most = 1 - (1 - similarity) / RATIO;
    if (outside !== undefined) return similarity >= this.#far && outside <= most;
    const own = rows();
    const count = this.#vectors.rows;
    if (own.length === count) return count < FEW || similarity >= SAME;
    return similarity >= this.#far && (most >= this.least || !anyCloser(this.#vectors, own, most));
  }
}

/** Of any two different rows; ‖Σv‖² = Σ‖v‖² + Σ of the cosines. */
function meanCosine({ data, rows, columns }: Matrix): number {
  const sums = new Float64Array(columns);
  let own = 0;
  for (let at = 0; at < rows * columns; at++) {
    sums[at % columns] += data[at];
    own += data[at] ** 2;
  }
  return (sums.reduce((all, sum) => all + sum ** 2, 0) - own) / (rows * (rows - 1));
}

/** Whether any other row has a cosine above `most` with one of these. */
function anyCloser({ data, rows: count, columns }: Matrix, rows: readonly number[], most: number): boolean {
  const own = new Set(rows);
  for (const row of rows) {
    for (let other = 0; other < count; other++) {
      if (own.has(other)) continue;
      let dot = 0;
      for (let i = 0; i < columns; i++) dot += data[row * columns + i] * data[other * columns + i];
      if (dot > most) return true;
    }
  }
  return false;
}
