import { identity } from '../base/matrix.ts';
import { aboveZero, checkOptions, fromZero } from '../base/options.ts';
import {
  add,
  exp,
  log,
  matmul,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  scale,
  shift,
  transposed,
} from '../graph/functions.ts';
import type { Objective } from './objective.ts';
import { normaliseRows } from './unit-rows.ts';
import { agreement } from './view-agreement.ts';

/** Of alignment and uniformity. */
export interface AlignUniformOptions {
  /** Weight of the uniformity, 0 or more; default 1. */
  readonly uniformity?: number;
  /** t of the Gaussian potential, above 0; default 2. */
  readonly sharpness?: number;
}

/**
 * Alignment and uniformity on the hypersphere (Wang and Isola 2020, arXiv 2005.10242), for unit projections:
 *   L = E ‖zᵥ_b − z_w_b‖² + λ · mean over v of log E_{b ≠ c} exp(−t ‖zᵥ_b − zᵥ_c‖²),
 * views v ≠ w of one image, and images b ≠ c in one view. For unit vectors ‖a − b‖² = 2 − 2aᵀb.
 */
export function alignUniform(options: AlignUniformOptions = {}): Objective {
  checkOptions('align-uniform', options, { uniformity: fromZero(), sharpness: aboveZero() });
  const { uniformity: weight = 1, sharpness = 2 } = options;
  return {
    name: 'align-uniform',
    build(projection, { views, images }) {
      const { graph, shape } = projection;
      const z = reshape(normaliseRows(projection), [views, images, shape[1]]);
      const alignment = shift(scale(agreement(z, z), -2), 2);
      const cosines = matmul(z, transposed(z));
      const others = graph.constant(
        identity(images).map((v) => 1 - v),
        [1, images, images],
      );
      const potentials = mul(exp(scale(shift(cosines, -1), 2 * sharpness)), others);
      const means = scale(reduceSum(potentials, [1, 2]), 1 / (images * (images - 1)));
      const uniformity = reduceMean(log(means), [0]);
      const loss = add(alignment, scale(uniformity, weight));
      return {
        surrogate: loss,
        reads: { loss, alignment, uniformity },
        report: (reads) => ({
          loss: reads.loss[0],
          alignment: reads.alignment[0],
          uniformity: reads.uniformity[0],
        }),
      };
    },
  };
}
