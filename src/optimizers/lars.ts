import { aboveZero, checkOptions, fromZero } from '../base/options.ts';
import { add, div, greater, min, mul, reduceSumSquare, scale, shift, sqrt, where } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { EXCLUSION, type Exclusion, isExempt } from './exclusion.ts';
import type { Optimizer } from './optimizer.ts';
import { descend, MOMENTUM } from './sgd.ts';

/** SGD whose rate follows each tensor’s length (You et al., arXiv 1708.03888). */
export interface LarsOptions extends Exclusion {
  /** Trust coefficient η. */
  readonly trust?: number;
  /** Share of the velocity kept at each step, default 0.9. */
  readonly momentum?: number;
  /** Look one step ahead along the velocity; default true. */
  readonly nesterov?: boolean;
  /** Share of a parameter added to its gradient, default 1e-4. */
  readonly weightDecay?: number;
  /** Factor on the rate of exempt parameters, which have no trust ratio to hold them back; default 1. */
  readonly biasRate?: number;
}

/**
 * SGD with momentum inside LARS with clipping, as EMP-SSL uses it. For parameters that are not exempt
 *   r = min(η‖p‖/(‖g‖ + wd‖p‖ + 1e-8)/lr, 1),  g ← r·(g + wd·p);
 * r is 1 where ‖p‖ is 0: else a tensor that starts at zero would never move. Exempt parameters (of one axis: biases, batch norm) take plain SGD without decay. Then momentum as in SGD.
 */
export function lars(options: LarsOptions = {}): Optimizer {
  checkOptions('lars', options, { ...MOMENTUM, ...EXCLUSION, trust: aboveZero(), biasRate: fromZero() });
  const { trust = 0.005, momentum = 0.9, nesterov = true, weightDecay = 1e-4, biasRate = 1 } = options;
  return {
    name: 'lars',
    slots: ['momentum'],
    update({ parameter, gradient, memory: [velocity], rate }) {
      const plain = isExempt(parameter, options);
      const g = plain ? scale(gradient, biasRate) : adapted(parameter, gradient, rate, trust, weightDecay);
      return descend(parameter, g, velocity, rate, momentum, nesterov);
    },
  };
}

function adapted(p: Value, g: Value, rate: Value, trust: number, decay: number): Value {
  const norm = (x: Value) =>
    sqrt(
      reduceSumSquare(
        x,
        x.shape.map((_, i) => i),
      ),
    );
  const size = norm(p);
  const one = p.graph.scalar(1);
  const ratio = div(scale(size, trust), shift(add(norm(g), scale(size, decay)), 1e-8));
  const r = where(greater(size, p.graph.scalar(0)), min(div(ratio, rate), one), one);
  return mul(add(g, scale(p, decay)), r);
}
