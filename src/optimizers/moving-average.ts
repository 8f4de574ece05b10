import { add, min, mul, shift, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';

/**
 * x̄ ← share·x̄ + (1 − share)·x with share = min(momentum, step − 1), step from 1: the first step makes x̄ = x whatever was
 * there, so that an average needs no start of its own.
 */
export function movingAverage(past: Value, now: Value, momentum: Value, step: Value): Value {
  const share = min(shift(step, -1), momentum);
  return add(now, mul(sub(past, now), share));
}
