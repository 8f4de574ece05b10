import { cosine } from '../bag/nearest.ts';
import { BagsslError } from '../base/errors.ts';
import { checkMatrix, type Matrix, row } from '../base/matrix.ts';
import { given } from '../base/options.ts';

/** The mean of all rows. */
export function meanRow(matrix: Matrix): Float32Array {
  checkMatrix(matrix, 'What is averaged');
  const { data, rows, columns } = matrix;
  if (rows === 0) throw new BagsslError('bad-data', 'No vectors have no mean.');
  const sum = new Float64Array(columns);
  for (let at = 0; at < rows * columns; at++) sum[at % columns] += data[at];
  return Float32Array.from(sum, (total) => total / rows);
}

/** Every row minus `mean`. */
export function centred(matrix: Matrix, mean: Float32Array): Matrix {
  checkMatrix(matrix, 'What is centred');
  given(mean?.length === matrix.columns, mean, 'The mean', `a vector of ${matrix.columns}`);
  return { ...matrix, data: matrix.data.map((value, at) => value - mean[at % matrix.columns]) };
}

/**
 * How invariant vectors are, from −1 to 1: the mean cosine of row i of one matrix (the original patches) with row i of the other
 * (the same patches mirrored or recoloured). At 1 the change has no effect on the vectors' directions.
 * @throws BagsslError `shape-mismatch`, `bad-data` for no rows
 */
export function agreement(plain: Matrix, changed: Matrix): number {
  for (const matrix of [plain, changed]) checkMatrix(matrix, 'What is compared');
  if (plain.rows !== changed.rows || plain.columns !== changed.columns) {
    throw new BagsslError(
      'shape-mismatch',
      `${plain.rows} × ${plain.columns} vectors cannot be paired with ${changed.rows} × ${changed.columns}.`,
    );
  }
  if (plain.rows === 0) throw new BagsslError('bad-data', 'Agreement needs at least one pair of vectors.');
  let sum = 0;
  for (let i = 0; i < plain.rows; i++) sum += cosine(row(plain, i), row(changed, i));
  return sum / plain.rows;
}
