import { div, mul, reduceMean, reduceSum, scale, shift, sqrt, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';

/** Rows of [n, d] brought to length 1. */
export function normaliseRows(x: Value): Value {
  return div(x, sqrt(shift(reduceSum(mul(x, x), [1], true), 1e-12)));
}

/**
 * How far the projections are from collapsing to one point: the standard deviation of the unit vectors over the batch,
 * averaged over dimensions, times √d. 0 when collapsed, about 1 when healthy.
 */
export function collapse(projection: Value): Value {
  const unit = normaliseRows(projection);
  const centred = sub(unit, reduceMean(unit, [0], true));
  const deviation = sqrt(shift(reduceMean(mul(centred, centred), [0]), 1e-12));
  return scale(reduceMean(deviation, [0]), Math.sqrt(projection.shape[1]));
}
