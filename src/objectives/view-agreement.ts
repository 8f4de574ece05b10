import { mul, reduceSum, scale, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';

/**
 * The mean of aᵥ_b · b_w_b over images b and ordered pairs v ≠ w of views, for stacks [n, m, d]:
 *   Σ_b [(Σᵥ aᵥ_b)·(Σᵥ bᵥ_b) − Σᵥ aᵥ_b · bᵥ_b] / (m n (n − 1)),
 * so that n views cost n products and not n².
 */
export function agreement(a: Value, b: Value): Value {
  const [views, images] = a.shape;
  const between = reduceSum(mul(reduceSum(a, [0]), reduceSum(b, [0])), [0, 1]);
  const within = reduceSum(mul(a, b), [0, 1, 2]);
  return scale(sub(between, within), 1 / (images * views * (views - 1)));
}
