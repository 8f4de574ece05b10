import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';

/** All rows at unit length, in float64; a row of zeros stays zero. */
export function unitRows({ data, rows, columns }: Matrix): Float64Array {
  const out = Float64Array.from(data.subarray(0, rows * columns));
  for (let from = 0; from < out.length; from += columns) {
    let square = 0;
    for (let i = from; i < from + columns; i++) square += out[i] * out[i];
    const factor = square > 0 ? 1 / Math.sqrt(square) : 0;
    for (let i = from; i < from + columns; i++) out[i] *= factor;
  }
  return out;
}

/** @throws BagsslError `bad-data` for unit rows that are all the same: their order is then the bank's own, and means nothing */
export function checkDifferent(rows: Float64Array, columns: number): void {
  for (let at = columns; at < rows.length; at++) if (Math.abs(rows[at] - rows[at - columns]) > 1e-7) return;
  const what = rows.every((value) => value === 0) ? 'are zero' : 'have the same direction';
  throw new BagsslError(
    'bad-data',
    `All vectors ${what}, as those of images that do not differ are, so none is nearer than another and nothing can be measured.`,
  );
}
