import { identity } from '../base/matrix.ts';
import { aboveZero, checkOptions, fromZero } from '../base/options.ts';
import {
  add,
  matmul,
  mul,
  neg,
  reduceMean,
  reduceSum,
  reshape,
  scale,
  shift,
  sqrt,
  transposed,
} from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { halfLogDet, halfLogDetByPivots, halfLogDetValues } from './log-det.ts';
import type { Objective } from './objective.ts';
import { normaliseRows } from './unit-rows.ts';

/** Of the total coding rate. */
export interface CodingRateOptions {
  /** Distortion ε². */
  readonly epsilon2?: number;
  /** λ, the weight of the similarity between views. */
  readonly similarity?: number;
}

/**
 * Total coding rate with n views (NMCE, EMP-SSL):
 *   L = −(1/n) Σᵢ R(Zᵢ) − λ·mean_b (1/n) Σᵢ cos(zᵢ_b, z̄_b),   R(Z) = ½ log det(I + d/(m ε²) ZᵀZ),
 * Zᵢ the m unit projections of view i. R is taken per view over the batch, never over several patches of one image. For
 * unit rows the mean cosine with the mean view is ‖z̄_b‖. The determinant is that of the smaller Gram matrix.
 */
export function codingRate(options: CodingRateOptions = {}): Objective {
  checkOptions('coding-rate', options, { epsilon2: aboveZero(), similarity: fromZero() });
  const { epsilon2 = 0.2, similarity: weight = 200 } = options;
  return {
    name: 'coding-rate',
    build(projection, { views, images }) {
      const d = projection.shape[1];
      const z = reshape(normaliseRows(projection), [views, images, d]);
      const a = d / (images * epsilon2);
      const gram = images <= d ? matmul(z, transposed(z)) : matmul(transposed(z), z);
      const m = addIdentity(scale(gram, a));
      // Unit rows: the Gram's largest eigenvalue is at most `images`.
      const rate = scale(halfLogDet(m, 1 + a * images), 1 / views);
      const mean = reduceMean(z, [0]);
      const similarity = reduceMean(sqrt(shift(reduceSum(mul(mean, mean), [1]), 1e-12)), [0]);
      return {
        surrogate: neg(add(rate, scale(similarity, weight))),
        reads: { gram: m, similarity },
        report({ gram: matrices, similarity: [alike] }) {
          const rates = halfLogDetValues(matrices, m.shape[1]);
          const coding = rates.reduce((total, r) => total + r, 0) / views;
          return { loss: -coding - weight * alike, codingRate: coding, similarity: alike };
        },
        value: () => neg(add(scale(halfLogDetByPivots(m), 1 / views), scale(similarity, weight))),
      };
    },
  };
}

function addIdentity(x: Value): Value {
  const side = x.shape[1];
  return add(x, x.graph.constant(identity(side), [1, side, side]));
}
