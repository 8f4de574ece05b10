import { checkOptions, fromZero, SWITCH } from '../base/options.ts';
import { add, mul, scale, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { EXCLUSION, type Exclusion, isExempt } from './exclusion.ts';
import type { Optimizer, Update } from './optimizer.ts';

/** Stochastic gradient descent with momentum. */
export interface SgdOptions extends Exclusion {
  /** Share of the velocity kept at each step, default 0.9. */
  readonly momentum?: number;
  /** Look one step ahead along the velocity; default false. */
  readonly nesterov?: boolean;
  /** Share of a parameter added to its gradient, default 0. */
  readonly weightDecay?: number;
}

/** What the options of momentum may be. */
export const MOMENTUM = { momentum: fromZero(1), nesterov: SWITCH, weightDecay: fromZero() };

/** SGD with momentum; g ← g + wd·p except for exempt parameters, then `descend`. */
export function sgd(options: SgdOptions = {}): Optimizer {
  checkOptions('sgd', options, { ...MOMENTUM, ...EXCLUSION });
  const { momentum = 0.9, nesterov = false, weightDecay = 0 } = options;
  return {
    name: 'sgd',
    slots: ['momentum'],
    update({ parameter, gradient, memory: [velocity], rate }) {
      const decayed =
        weightDecay === 0 || isExempt(parameter, options) ? gradient : add(gradient, scale(parameter, weightDecay));
      return descend(parameter, decayed, velocity, rate, momentum, nesterov);
    },
  };
}

/** v ← momentum·v + g, p ← p − lr·v; with Nesterov p ← p − lr·(g + momentum·v). */
export function descend(p: Value, g: Value, velocity: Value, rate: Value, momentum: number, nesterov: boolean): Update {
  const v = add(scale(velocity, momentum), g);
  const direction = nesterov ? add(g, scale(v, momentum)) : v;
  return { parameter: sub(p, mul(direction, rate)), memory: [v] };
}
