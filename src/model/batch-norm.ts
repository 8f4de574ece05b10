import {
  add,
  batchNormalization,
  cast,
  greater,
  like,
  max,
  mul,
  neg,
  reciprocal,
  reduceMean,
  reduceSum,
  reduceSumSquare,
  relu,
  scale,
  shift,
  sqrt,
  sub,
  where,
} from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import { withGradient } from '../graph/with-gradient.ts';
import type { Scope, Statistic } from './scope.ts';

const EPSILON = 1e-5;
/** Share of the batch's statistics in the running ones, as PyTorch's default. */
const MOMENTUM = 0.1;

/** Batch normalisation over all axes but 1: γ·(x − μ)/√(σ² + ε) + β. x is [N,C,H,W] or [N,C]. */
export const batchNorm = (scope: Scope, name: string, x: Value): Value => normalise(scope, name, x, { rectify: false });

/** The same, then ReLU: max(0, bn(x)). */
export const batchNormRelu = (scope: Scope, name: string, x: Value): Value =>
  normalise(scope, name, x, { rectify: true });

/** The end of a residual block: max(0, bn(x) + shortcut). */
export const batchNormAddRelu = (scope: Scope, name: string, x: Value, shortcut: Value): Value =>
  normalise(scope, name, x, { rectify: true, shortcut });

/** What follows the normalisation. */
interface Finish {
  readonly rectify: boolean;
  readonly shortcut?: Value;
}

function normalise(scope: Scope, name: string, x: Value, finish: Finish): Value {
  const channels = [x.shape[1]];
  const gamma = scope.parameter(`${name}.weight`, channels, { constant: 1 }, 'float32');
  const beta = scope.parameter(`${name}.bias`, channels, { constant: 0 }, 'float32');
  const mean = scope.statistic(`${name}.running_mean`, channels, { constant: 0 });
  const variance = scope.statistic(`${name}.running_var`, channels, { constant: 1 });
  return normaliseWith(
    { x, gamma, beta, mean, variance, epsilon: EPSILON, momentum: MOMENTUM },
    scope.training,
    finish,
  );
}

/** A batch norm and its tensors, float32, each with one element per channel. */
export interface BatchNorm<S = Statistic> {
  readonly x: Value;
  readonly gamma: Value;
  readonly beta: Value;
  readonly mean: S;
  readonly variance: S;
  readonly epsilon: number;
  /** Share of the batch's statistics in the running ones. */
  readonly momentum: number;
}

/** Batch norm with given tensors. Training uses the batch's statistics and updates the running ones; otherwise the running ones are used. */
export function normaliseWith(norm: BatchNorm, training: boolean, finish: Finish = { rectify: false }): Value {
  const { x, momentum } = norm;
  if (!training)
    return finished(normaliseByStatistics({ ...norm, mean: norm.mean.value, variance: norm.variance.value }), finish);
  const { y, mean, variance } = normaliseBatch(norm, finish);
  const count = elements(x.shape) / x.shape[1];
  const blend = (running: Value, batch: Value) => add(scale(running, 1 - momentum), scale(batch, momentum));
  norm.mean.next(blend(norm.mean.value, mean));
  norm.variance.next(blend(norm.variance.value, scale(variance, count / Math.max(1, count - 1))));
  return y;
}

function finished(normal: Value, { rectify, shortcut }: Finish): Value {
  const y = shortcut ? add(normal, shortcut) : normal;
  return rectify ? relu(y) : y;
}

/** The form for evaluation. Half floats could not hold every variance, so it is one factor and one summand. */
export function normaliseByStatistics(norm: Omit<BatchNorm<Value>, 'momentum'>): Value {
  const { x, gamma, beta, mean, variance, epsilon } = norm;
  if (x.dtype === 'float32') return batchNormalization(x, gamma, beta, mean, variance, epsilon);
  const a = mul(gamma, reciprocal(sqrt(shift(variance, epsilon))));
  return affine(x, a, sub(beta, mul(mean, a)));
}

/**
 * The training form with its gradient by hand. Elementwise and reduction nodes are limited by memory and cost as much as
 * the convolutions unless there are few, so the forward pass reads x four times (mean, square sum, affine, ReLU), and the
 * backward pass uses dx = A·g + B·x + D per channel instead of what node-by-node differentiation would give:
 *   g = dy where y > 0,  dβ = Σg,  dγ = (Σg·x − μ·dβ)/σ,  dx = γ/σ · (g − dβ/n − (x − μ)/σ · dγ/n),
 * and the shortcut's gradient is g itself. Per-channel values, sums included, are float32 whatever x is.
 */
function normaliseBatch({ x, gamma, beta, epsilon }: BatchNorm, finish: Finish) {
  const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const n = elements(x.shape) / x.shape[1];
  let inverse: Value;
  const [y, mean, variance] = withGradient(
    x.graph,
    finish.shortcut ? [x, gamma, beta, finish.shortcut] : [x, gamma, beta],
    () => {
      const wide = cast(x, 'float32');
      const mu = reduceMean(wide, axes);
      // E[x²] − μ² can fall below zero by rounding when a channel is constant.
      const sigma2 = max(sub(scale(reduceSumSquare(wide, axes), 1 / n), mul(mu, mu)), wide.graph.scalar(0));
      inverse = reciprocal(sqrt(shift(sigma2, epsilon)));
      const a = mul(gamma, inverse);
      return [finished(affine(x, a, sub(beta, mul(mu, a))), finish), mu, sigma2] as const;
    },
    ([dy]) => {
      const g: Value = finish.rectify ? where(greater(y, like(y, 0)), dy!, like(y, 0)) : dy!;
      const total = (v: Value) => reduceSum(cast(v, 'float32'), axes);
      const dbeta = total(g);
      const dgamma = mul(inverse, sub(total(mul(g, x)), mul(mean, dbeta)));
      const a = mul(gamma, inverse);
      const b = neg(scale(mul(mul(a, inverse), dgamma), 1 / n));
      const d = neg(add(scale(mul(a, dbeta), 1 / n), mul(b, mean)));
      return [add(affine(g, a, d), affine(x, b, scale(b, 0))), dgamma, dbeta, g];
    },
  );
  return { y, mean, variance };
}

/** a·x + b per channel. ORT's BatchNormalization does it in one pass over [N,C,H,W], twice as fast as a broadcast Mul. */
function affine(x: Value, factor: Value, summand: Value): Value {
  const [a, b] = [factor, summand].map((v) => cast(v, x.dtype));
  if (x.shape.length === 2) return add(mul(x, a), b);
  const constant = (v: number) => x.graph.floats(new Float32Array(x.shape[1]).fill(v), [x.shape[1]], x.dtype);
  return batchNormalization(x, a, b, constant(0), constant(1), 0);
}
