import { identity } from '../base/matrix.ts';
import { given } from '../base/options.ts';
import { add, matmul, mul, reduceSum, reduceSumSquare, scale, sub, transposed } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';

/** p(x, x′) over a finite set of states: symmetric rows that sum to 1 altogether. */
export type CoOccurrence = readonly (readonly number[])[];

/** @throws BagsslError `bad-argument` for anything but a square table of numbers */
export function checkTable(table: CoOccurrence): void {
  const fits = Array.isArray(table) && table.every((row) => Array.isArray(row) && row.length === table.length);
  given(fits && table.length > 0, table, 'The table', 'as many arrays of numbers as each of them is long');
}

/**
 * The spectral loss of an embedding table z [states, k] in exact expectation over p(x, x′), with D = diag(p) the marginal:
 *   L = −2 Σ p(x, x′) zₓᵀzₓ′ + Σ p(x) p(x′) (zₓᵀzₓ′)² = −2⟨P, ZZᵀ⟩ + ‖ZᵀDZ‖².
 * With D^-½ P D^-½ = U S Uᵀ its minimum is −Σ_{i≤k} sᵢ², where ZZᵀ = D^-½ U_k S_k U_kᵀ D^-½ (the k largest sᵢ, positive).
 */
export function spectralOnTable(z: Value, table: CoOccurrence): Value {
  const { attraction, moment } = expectations(z, table);
  return sub(reduceSumSquare(moment, [0, 1]), scale(attraction, 2));
}

/**
 * Invariance under a covariance constraint, as VICReg's, in exact expectation and not centred:
 *   L = E ‖zₓ − zₓ′‖² + weight·‖ZᵀDZ − I‖².
 * Held to ZᵀDZ = I the minimum is 2(k − Σ_{i≤k} sᵢ), where D^½Z spans U_k. The penalty lets each direction shrink to
 * ‖·‖² = 1 − (1 − sᵢ)/weight and the minimum fall short by (1 − sᵢ)²/weight.
 */
export function covarianceOnTable(z: Value, table: CoOccurrence, weight = 100): Value {
  const { graph, shape } = z;
  const { attraction, moment } = expectations(z, table);
  const unit = graph.constant(identity(shape[1]), [shape[1], shape[1]]);
  const excess = sub(moment, unit);
  // E ‖zₓ − zₓ′‖² = 2 tr ZᵀDZ − 2⟨P, ZZᵀ⟩.
  const size = reduceSum(mul(moment, unit), [0, 1]);
  const invariance = scale(sub(size, attraction), 2);
  return add(invariance, scale(reduceSumSquare(excess, [0, 1]), weight));
}

/** ⟨P, ZZᵀ⟩ and ZᵀDZ. */
function expectations(z: Value, table: CoOccurrence) {
  const { graph } = z;
  const states = table.length;
  const joint = graph.constant(Float32Array.from(table.flat()), [states, states]);
  const marginal = graph.constant(
    Float32Array.from(table, (row) => row.reduce((s, p) => s + p, 0)),
    [states, 1],
  );
  return {
    attraction: reduceSum(mul(z, matmul(joint, z)), [0, 1]),
    moment: matmul(transposed(z), mul(z, marginal)),
  };
}
