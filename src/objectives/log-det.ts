import { identity } from '../base/matrix.ts';
import {
  abs,
  concat,
  div,
  log,
  matmul,
  mul,
  reciprocal,
  reduceMax,
  reduceSum,
  scale,
  slice,
  sub,
} from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { stopGradient } from '../graph/with-gradient.ts';

/**
 * A scalar with the gradient of Σ ½ log det M over a stack of symmetric positive definite matrices [n, s, s].
 * ∂(½ log det M)/∂M = ½M⁻¹, so ½⟨M⁻¹, M⟩ with M⁻¹ held constant has just that gradient (its value is n·s/2).
 * `condition` bounds λmax/λmin of every matrix.
 */
export function halfLogDet(m: Value, condition: number): Value {
  const x = stopGradient(inverse(stopGradient(m), condition));
  return scale(reduceSum(mul(x, m), [0, 1, 2]), 0.5);
}

/**
 * M⁻¹ by Newton–Schulz, X ← X(2I − MX) from X₀ = I/‖M‖∞: products alone, so that it runs on a GPU. The residual I − MX
 * squares at every step, from at worst 1 − 1/(√s·condition): log₂ of that many steps bring it to 1/e, five more to 1e-14.
 */
function inverse(m: Value, condition: number): Value {
  const { graph } = m;
  const side = m.shape[1];
  const twice = graph.constant(identity(side, 2), [1, side, side]);
  const norm = reduceMax(reduceSum(abs(m), [2], true), [1], true);
  let x = mul(graph.constant(identity(side), [1, side, side]), reciprocal(norm));
  const steps = Math.ceil(Math.log2(condition * Math.sqrt(side))) + 5;
  for (let k = 0; k < steps; k++) x = matmul(x, sub(twice, matmul(m, x)));
  return x;
}

/**
 * Σ ½ log det M over the stack as a value of the graph, by elimination: det M is the product of the pivots p in
 * M ← M′ − m mᵀ/p. As M is positive definite none is exchanged. A handful of nodes a row, so for handing a step over only.
 */
export function halfLogDetByPivots(m: Value): Value {
  const pivots: Value[] = [];
  let rest = m;
  for (let side = m.shape[1]; side > 0; side--) {
    const part = (from: readonly number[], to: readonly number[]) => slice(rest, [1, 2], from, to);
    const pivot = part([0, 0], [1, 1]);
    pivots.push(pivot);
    if (side === 1) break;
    const outer = mul(div(part([1, 0], [side, 1]), pivot), part([0, 1], [1, side]));
    rest = sub(part([1, 1], [side, side]), outer);
  }
  return scale(reduceSum(log(concat(pivots, 1)), [0, 1, 2]), 0.5);
}

/** ½ log det of each matrix in [n, s, s], in float64 through a Cholesky factor; NaN where one is not positive definite. */
export function halfLogDetValues(matrices: Float32Array, side: number): number[] {
  const factor = new Float64Array(side * side);
  return Array.from({ length: matrices.length / (side * side) }, (_, k) => {
    const m = matrices.subarray(k * side * side, (k + 1) * side * side);
    let total = 0;
    for (let i = 0; i < side; i++) {
      for (let j = 0; j <= i; j++) {
        let s = m[i * side + j];
        for (let p = 0; p < j; p++) s -= factor[i * side + p] * factor[j * side + p];
        factor[i * side + j] = i === j ? Math.sqrt(s) : s / factor[j * side + j];
      }
      total += Math.log(factor[i * side + i]);
    }
    return total;
  });
}
