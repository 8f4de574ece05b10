import { checkOptions, fromZero } from '../base/options.ts';
import { add, mul, scale, sign, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { EXCLUSION, type Exclusion, isExempt } from './exclusion.ts';
import type { Optimizer } from './optimizer.ts';

/** Sign of a momentum (Chen et al., arXiv 2302.06675). Its rate is three to ten times smaller than AdamW's. */
export interface LionOptions extends Exclusion {
  /** Share of the momentum in the direction, from 0 to below 1; default 0.9. */
  readonly beta1?: number;
  /** Decay of the momentum, from 0 to below 1; default 0.99. */
  readonly beta2?: number;
  /** Share of a parameter taken off, times the rate, 0 or more; default 0. */
  readonly weightDecay?: number;
}

/**
 * Lion (arXiv 2302.06675, Algorithm 2):
 *   p ← p − lr·(sign(β₁m + (1 − β₁)g) + wd·p),  m ← β₂m + (1 − β₂)g.
 * Parameters of one axis are not decayed, unless `exclude` says so.
 */
export function lion(options: LionOptions = {}): Optimizer {
  checkOptions('lion', options, { beta1: fromZero(1), beta2: fromZero(1), weightDecay: fromZero(), ...EXCLUSION });
  const { beta1 = 0.9, beta2 = 0.99, weightDecay = 0 } = options;
  const blend = (old: Value, now: Value, beta: number) => add(scale(old, beta), scale(now, 1 - beta));
  return {
    name: 'lion',
    slots: ['momentum'],
    update({ parameter: p, gradient: g, memory: [momentum], rate }) {
      const direction = sign(blend(momentum, g, beta1));
      const plain = weightDecay === 0 || isExempt(p, options);
      const decayed = plain ? direction : add(direction, scale(p, weightDecay));
      return { parameter: sub(p, mul(decayed, rate)), memory: [blend(momentum, g, beta2)] };
    },
  };
}
