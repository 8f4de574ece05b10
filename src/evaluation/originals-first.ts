import { BagsslError } from '../base/errors.ts';
import { checkMatrix, type Matrix } from '../base/matrix.ts';
import { type Measure, measureOf } from './measure.ts';
import { checkDifferent, unitRows } from './unit-rows.ts';

/** For how many altered copies the original comes first. */
export interface OriginalsFirst extends Measure {
  /** The rows of the copies whose original does not come first. */
  readonly missed: readonly number[];
}

/**
 * The share of altered copies whose original is nearer than every other image, by cosine in float64. An image that is exactly as near as
 * the original counts as nearer.
 * @param originals row i is the original of row i of `copies`
 * @throws BagsslError `shape-mismatch`; `bad-data` for fewer than two originals, or originals that are all the same; `bad-argument`
 */
export function originalsFirst(originals: Matrix, copies: Matrix): OriginalsFirst {
  for (const matrix of [originals, copies]) checkMatrix(matrix, 'What is compared');
  const { rows, columns } = originals;
  if (rows !== copies.rows || columns !== copies.columns) {
    throw new BagsslError(
      'shape-mismatch',
      `${rows} × ${columns} originals cannot be paired with ${copies.rows} × ${copies.columns} copies.`,
    );
  }
  if (rows < 2)
    throw new BagsslError('bad-data', `Finding originals needs at least two images to choose between, got ${rows}.`);
  const bank = unitRows(originals);
  checkDifferent(bank, columns);
  const queries = unitRows(copies);
  const cosine = (copy: number, original: number) => {
    let dot = 0;
    for (let i = 0; i < columns; i++) dot += queries[copy * columns + i] * bank[original * columns + i];
    return dot;
  };
  const missed: number[] = [];
  for (let copy = 0; copy < rows; copy++) {
    const own = cosine(copy, copy);
    for (let other = 0; other < rows; other++) {
      if (other === copy || cosine(copy, other) < own) continue;
      missed.push(copy);
      break;
    }
  }
  const lost = new Set(missed);
  return { ...measureOf(Array.from({ length: rows }, (_, copy) => Number(!lost.has(copy)))), missed };
}
