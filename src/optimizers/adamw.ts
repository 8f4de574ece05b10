import { aboveZero, checkOptions, fromZero } from '../base/options.ts';
import { add, div, mul, pow, scale, shift, sqrt, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { EXCLUSION, type Exclusion, isExempt } from './exclusion.ts';
import type { Optimizer } from './optimizer.ts';

/** Of AdamW (Loshchilov and Hutter, arXiv 1711.05101). */
export interface AdamWOptions extends Exclusion {
  /** Decay of the mean of gradients, default 0.9. */
  readonly beta1?: number;
  /** Decay of the mean of their squares, default 0.999. */
  readonly beta2?: number;
  /** Added to the root of that mean, default 1e-8. */
  readonly epsilon?: number;
  /** Share of a parameter taken off, times the rate; default 0.01. */
  readonly weightDecay?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter), bias-corrected:
 *   m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  p ← p − lr·(m̂/(√v̂ + ε) + wd·p).
 * Parameters of one axis are not decayed, unless `exclude` says so.
 */
export function adamw(options: AdamWOptions = {}): Optimizer {
  checkOptions('adamw', options, {
    beta1: fromZero(1),
    beta2: fromZero(1),
    epsilon: aboveZero(),
    weightDecay: fromZero(),
    ...EXCLUSION,
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 1e-2 } = options;
  const blend = (old: Value, now: Value, beta: number) => add(scale(old, beta), scale(now, 1 - beta));
  return {
    name: 'adamw',
    slots: ['first', 'second'],
    update({ parameter: p, gradient: g, memory: [first, second], rate, step }) {
      const m = blend(first, g, beta1);
      const v = blend(second, mul(g, g), beta2);
      const corrected = (x: Value, beta: number) => div(x, shift(scale(pow(p.graph.scalar(beta), step), -1), 1));
      const direction = div(corrected(m, beta1), shift(sqrt(corrected(v, beta2)), epsilon));
      const decayed = isExempt(p, options) ? direction : add(direction, scale(p, weightDecay));
      return { parameter: sub(p, mul(decayed, rate)), memory: [m, v] };
    },
  };
}
