import { given, whole } from '../base/options.ts';
import { type CoOccurrence, checkTable } from '../objectives/co-occurrence.ts';
import { eigenSymmetric } from './eigen-symmetric.ts';

/** The best that embeddings of `k` dimensions can reach on a finite table, exactly. */
export interface ClosedForm {
  /** The eigenvalues of D^-½ P D^-½, largest first; the first is 1 and belongs to the constant function. */
  readonly values: readonly number[];
  /** The optimum of the spectral contrastive loss. */
  readonly spectral: Optimum;
  /** The optimum of the loss that constrains the covariance to the identity. */
  readonly covariance: Optimum;
}

/** The minimum of an objective, in closed form. */
export interface Optimum {
  /** The least loss. */
  readonly loss: number;
  /** The best embedding up to rotation: D^½ Z Zᵀ D^½, [states, states] row by row. */
  readonly gram: Float64Array;
}

/**
 * The closed forms of both losses of co-occurrence on a finite table (arXiv 2206.08954; HaoChen et al., arXiv 2106.04156):
 * with D^-½ P D^-½ = U S Uᵀ, z(x) = p(x)^-½ S_k^½ u(x) and −Σ sᵢ² for the spectral loss, z(x) = p(x)^-½ u(x) and 2(k − Σ sᵢ)
 * under a covariance constraint. The spectral loss leaves dimensions beyond the positive eigenvalues at zero.
 * @throws BagsslError `bad-argument`, also for a table with a negative entry or a row of zeros
 */
export function closedForm(table: CoOccurrence, k: number): ClosedForm {
  checkTable(table);
  const dimensions = whole(1, table.length);
  given(dimensions.fits(k), k, 'k', dimensions.asked);
  const isShare = (row: readonly number[]) => row.every((p) => p >= 0) && row.some((p) => p > 0);
  given(table.every(isShare), table, 'The table', 'rows of numbers that are 0 or more, and not all 0');
  const marginal = table.map((row) => row.reduce((sum, p) => sum + p, 0));
  const { values, vectors } = eigenSymmetric(
    table.map((row, x) => row.map((p, y) => p / Math.sqrt(marginal[x] * marginal[y]))),
  );
  const top = values.slice(0, k);
  const sum = (terms: readonly number[]) => terms.reduce((total, term) => total + term, 0);
  const n = table.length;
  const gram = (weight: (s: number) => number) =>
    Float64Array.from({ length: n * n }, (_, at) =>
      sum(top.map((s, i) => weight(s) * vectors[i][Math.floor(at / n)] * vectors[i][at % n])),
    );
  return {
    values,
    spectral: { loss: -sum(top.map((s) => Math.max(0, s) ** 2)), gram: gram((s) => Math.max(0, s)) },
    covariance: { loss: 2 * (k - sum(top)), gram: gram(() => 1) },
  };
}
