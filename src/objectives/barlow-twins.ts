import { aboveZero, checkOptions } from '../base/options.ts';
import {
  add,
  div,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  reduceSumSquare,
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

/** Of Barlow Twins. */
export interface BarlowTwinsOptions {
  /** λ, the weight of the off-diagonal part. */
  readonly lambda?: number;
}

/**
 * Barlow Twins (arXiv 2103.03230): with C the cross-correlation over the batch of two views, each dimension brought to mean 0
 * and variance 1 (biased, as batch norm does),
 *   L = Σᵢ (1 − Cᵢᵢ)² + λ Σ_{i≠j} Cᵢⱼ².
 * Two views are one pair; of more, each is paired with the mean of the others, and L is the mean over these pairs.
 */
export function barlowTwins(options: BarlowTwinsOptions = {}): Objective {
  checkOptions('barlow-twins', options, { lambda: aboveZero() });
  const { lambda = 0.0051 } = options;
  return {
    name: 'barlow-twins',
    build(projection, { views, images }) {
      const z = reshape(projection, [views, images, projection.shape[1]]);
      const [left, right] =
        views === 2
          ? [slice(z, [0], [0], [1]), slice(z, [0], [1], [2])]
          : [z, scale(sub(reduceSum(z, [0], true), z), 1 / (views - 1))];
      const pairs = left.shape[0];
      const a = standardised(left);
      const b = standardised(right);
      const correlation = scale(matmul(transposed(a), b), 1 / images);
      const diagonal = reduceMean(mul(a, b), [1]);
      const error = shift(diagonal, -1);
      const invariance = scale(reduceSumSquare(error, [0, 1]), 1 / pairs);
      const off = sub(reduceSumSquare(correlation, [0, 1, 2]), reduceSumSquare(diagonal, [0, 1]));
      const redundancy = scale(off, 1 / pairs);
      const loss = add(invariance, scale(redundancy, lambda));
      return {
        surrogate: loss,
        reads: { loss, invariance, redundancy },
        report: (reads) => ({
          loss: reads.loss[0],
          invariance: reads.invariance[0],
          redundancy: reads.redundancy[0],
        }),
      };
    },
  };
}

/** Every dimension of a stack [p, m, d] brought to mean 0 and variance 1 over the batch. */
function standardised(z: Value): Value {
  const centred = sub(z, reduceMean(z, [1], true));
  const variance = reduceMean(mul(centred, centred), [1], true);
  return div(centred, sqrt(shift(variance, 1e-5)));
}
