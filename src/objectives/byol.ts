import { aboveZero, checkOptions, whole } from '../base/options.ts';
import { reshape, scale, shift } from '../graph/functions.ts';
import type { Objective } from './objective.ts';
import { normaliseRows } from './unit-rows.ts';
import { agreement } from './view-agreement.ts';

/** Of BYOL: its slow network and its further head. */
export interface ByolOptions {
  /** τ of the target's moving average at the start, from where it rises to 1; the paper has 0.996 for long runs, 0.99 for short. */
  readonly momentum?: number;
  /** Width of the predictor's hidden layer. */
  readonly hidden?: number;
}

/**
 * BYOL (arXiv 2006.07733): a predictor q on the projections z predicts the projections z̄ that the target network, a moving
 * average, makes of the other views. Of a pair of views, with all vectors brought to length 1,
 *   L = ‖q(z) − z̄′‖² + ‖q(z′) − z̄‖² = 4 − 2·(q(z)ᵀz̄′ + q(z′)ᵀz̄),
 * and the mean of that over all pairs of views. Batch norm sees the views of a batch together. With k of K steps taken the
 * average's momentum is 1 − (1 − τ)·½(cos(πk/K) + 1).
 */
export function byol(options: ByolOptions = {}): Objective {
  checkOptions('byol', options, { momentum: aboveZero(1), hidden: whole(1, 65536) });
  const { momentum = 0.99, hidden = 1024 } = options;
  return {
    name: 'byol',
    wholeBatch: true,
    build(projection, { views, images }, learner) {
      const stack = [views, images, projection.shape[1]];
      const prediction = reshape(normaliseRows(learner.predict(projection, hidden)), stack);
      const target = reshape(normaliseRows(learner.target(momentum)), stack);
      const alignment = agreement(prediction, target);
      const loss = shift(scale(alignment, -4), 4);
      return {
        surrogate: loss,
        reads: { loss, alignment },
        report: (reads) => ({ loss: reads.loss[0], alignment: reads.alignment[0] }),
      };
    },
  };
}
