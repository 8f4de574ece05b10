import type { Matrix } from '../base/matrix.ts';
import { unitRows } from './unit-rows.ts';

/** Two vectors of each image as one: each at unit length, side by side, the right one times `weight`. */
export function sideBySide(left: Matrix, right: Matrix, weight: number): Matrix {
  const columns = left.columns + right.columns;
  const data = new Float32Array(left.rows * columns);
  const [a, b] = [unitRows(left), unitRows(right)];
  for (let row = 0; row < left.rows; row++) {
    data.set(a.subarray(row * left.columns, (row + 1) * left.columns), row * columns);
    const scaled = b.subarray(row * right.columns, (row + 1) * right.columns).map((value) => weight * value);
    data.set(scaled, row * columns + left.columns);
  }
  return { data, rows: left.rows, columns };
}
