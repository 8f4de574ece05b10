import { checkOptions, fromZero } from '../base/options.ts';
import {
  add,
  expand,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  relu,
  reshape,
  scale,
  shift,
  slice,
  sqrt,
  sub,
  transposed,
} from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import type { Objective } from './objective.ts';

/** Weights of the three parts of VICReg. */
export interface VicregOptions {
  /** Weight of the views' mean square distance, default 25. */
  readonly invariance?: number;
  /** Weight of the hinge on standard deviations, default 25. */
  readonly variance?: number;
  /** Weight of the squared covariances, default 1. */
  readonly covariance?: number;
}

/**
 * VICReg on projections as they come (not normalised). Of a pair of views z, z′ [m, d]:
 *   25·MSE(z, z′) + 25·½[mean relu(1 − √(Var z + 1e-4)) + same of z′] + 1·[Σ_{i≠j} C(z)²ᵢⱼ/d + same of z′],
 * variances and covariances over the batch with 1/(m − 1). Two views are one pair; of more, each is paired with their mean.
 */
export function vicreg(options: VicregOptions = {}): Objective {
  checkOptions('vicreg', options, { invariance: fromZero(), variance: fromZero(), covariance: fromZero() });
  const { invariance = 25, variance = 25, covariance = 1 } = options;
  return {
    name: 'vicreg',
    build(projection, { views, images }) {
      const d = projection.shape[1];
      const z = reshape(projection, [views, images, d]);
      const [left, right] =
        views === 2
          ? [slice(z, [0], [0], [1]), slice(z, [0], [1], [2])]
          : [z, expand(reduceMean(z, [0], true), [views, images, d])];
      const pairs = left.shape[0];
      const error = sub(left, right);
      const mse = reduceMean(mul(error, error), [0, 1, 2]);
      const spread = [left, right].map((side) => spreadOf(side, images));
      const hinge = scale(add(spread[0].hinge, spread[1].hinge), 0.5);
      const off = scale(add(spread[0].off, spread[1].off), 1 / pairs);
      const loss = add(add(scale(mse, invariance), scale(hinge, variance)), scale(off, covariance));
      return {
        surrogate: loss,
        reads: { loss, mse, hinge, off },
        report: (reads) => ({
          loss: reads.loss[0],
          invariance: reads.mse[0],
          variance: reads.hinge[0],
          covariance: reads.off[0],
        }),
      };
    },
  };
}

/** Of a stack [p, m, d]: the mean variance hinge, and Σ over the stack of the squared off-diagonal covariances over d. */
function spreadOf(z: Value, images: number) {
  const d = z.shape[2];
  const centred = sub(z, reduceMean(z, [1], true));
  const variances = scale(reduceSum(mul(centred, centred), [1]), 1 / (images - 1));
  const hinge = reduceMean(relu(shift(scale(sqrt(shift(variances, 1e-4)), -1), 1)), [0, 1]);
  const covariances = scale(matmul(transposed(centred), centred), 1 / (images - 1));
  const all = reduceSum(mul(covariances, covariances), [0, 1, 2]);
  const diagonal = reduceSum(mul(variances, variances), [0, 1]);
  return { hinge, off: scale(sub(all, diagonal), 1 / d) };
}
