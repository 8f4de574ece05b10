import { div, mul, reduceSum, shift, sqrt } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';

/** Rows of [n, d] brought to length 1. */
export function normaliseRows(x: Value): Value {
  return div(x, sqrt(shift(reduceSum(mul(x, x), [1], true), 1e-12)));
}
