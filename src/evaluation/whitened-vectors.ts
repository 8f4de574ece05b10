import type { Matrix } from '../base/matrix.ts';
import { Whitening } from '../encoder/whitening.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { centred, meanRow } from './agreement.ts';

/** As `Whitening.fit` has it, for vectors of their own width. */
const RIDGE = 0.01;

/**
 * The bank's vectors and others, whitened as the bank's vectors say. Where the bank has fewer vectors than they have numbers, all are
 * first expressed in the space that the bank spans, which changes no order of cosines with the bank, and is much smaller.
 * @throws BagsslError `bad-data` for a bank of fewer than two vectors, or of equal ones; `aborted`
 */
export async function whitenedVectors(
  runtime: Runtime,
  bank: Matrix,
  others: readonly Matrix[],
  signal?: AbortSignal,
): Promise<Matrix[]> {
  const all = [bank, ...others];
  const wide = bank.rows < bank.columns;
  const narrow = wide ? inSpan(bank, all) : all;
  const ridge = wide ? (RIDGE * bank.rows) / bank.columns : RIDGE;
  const whitening = await Whitening.fit(runtime, narrow[0], { ridge, signal });
  const white: Matrix[] = [];
  for (const matrix of narrow) white.push(matrix.rows ? await whitening.applyAll(runtime, matrix, { signal }) : matrix);
  return white;
}

/**
 * Coordinates in an orthonormal basis of the space that the bank's centred rows span. With X those rows, X Xᵀ = L Lᵀ (Cholesky): the
 * rows of L are the bank's, and y with L y = X v those of another vector v.
 */
function inSpan(bank: Matrix, all: readonly Matrix[]): Matrix[] {
  const mean = meanRow(bank);
  const x = centred(bank, mean);
  const n = bank.rows;
  const low = cholesky(products(x, x), n);
  return all.map((matrix) => {
    const data = new Float32Array(matrix.rows * n);
    const dots = products(centred(matrix, mean), x);
    for (let row = 0; row < matrix.rows; row++) {
      const y = new Float64Array(n);
      for (let i = 0; i < n; i++) {
        const pivot = low[i * n + i];
        if (pivot === 0) continue;
        let rest = dots[row * n + i];
        for (let j = 0; j < i; j++) rest -= low[i * n + j] * y[j];
        y[i] = rest / pivot;
      }
      data.set(y, row * n);
    }
    return { data, rows: matrix.rows, columns: n };
  });
}

/** a bᵀ, [rows of a, rows of b], in float64. */
function products(a: Matrix, b: Matrix): Float64Array {
  const out = new Float64Array(a.rows * b.rows);
  const width = a.columns;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      let dot = 0;
      for (let k = 0; k < width; k++) dot += a.data[i * width + k] * b.data[j * width + k];
      out[i * b.rows + j] = dot;
    }
  }
  return out;
}

/** L of L Lᵀ = the matrix, row by row; a column of zeros for a row that depends on those before it. */
function cholesky(matrix: Float64Array, n: number): Float64Array {
  const low = new Float64Array(n * n);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += matrix[i * n + i];
  const least = (1e-9 * trace) / n;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * n + j];
      for (let k = 0; k < j; k++) rest -= low[i * n + k] * low[j * n + k];
      if (i === j) low[i * n + i] = rest > least ? Math.sqrt(rest) : 0;
      else low[i * n + j] = low[j * n + j] === 0 ? 0 : rest / low[j * n + j];
    }
  }
  return low;
}
