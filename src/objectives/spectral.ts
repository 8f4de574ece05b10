import { aboveZero, checkOptions } from '../base/options.ts';
import {
  matmul,
  mul,
  reduceSum,
  reduceSumSquare,
  reshape,
  scale,
  sub,
  transpose,
  transposed,
} from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import type { Objective } from './objective.ts';
import { normaliseRows } from './unit-rows.ts';
import { agreement } from './view-agreement.ts';

/** Of the spectral contrastive loss. */
export interface SpectralOptions {
  /** Bring every projection to this length first (√μ of HaoChen's code, which only shortens); absent: taken as they come. */
  readonly radius?: number;
}

/**
 * Spectral contrastive loss (HaoChen et al. 2021, arXiv 2106.04156):
 *   L = −2 E_{p(x,x′)}[zᵀz′] + E_{p(x)p(x′)}[(zᵀz′)²].
 * Both means run over ordered pairs of different views, the first over views of one image, the second over views of two
 * different images; with two views that is HaoChen's batch form. Without bias for any number of views.
 */
export function spectral(options: SpectralOptions = {}): Objective {
  checkOptions('spectral', options, { radius: aboveZero() });
  const { radius } = options;
  return {
    name: 'spectral',
    build(projection, { views, images }) {
      const rows = radius === undefined ? projection : scale(normaliseRows(projection), radius);
      const z = reshape(rows, [views, images, projection.shape[1]]);
      const attraction = agreement(z, z);
      const repulsion = scale(squaresBetween(z), 1 / (views * (views - 1) * images * (images - 1)));
      const loss = sub(repulsion, scale(attraction, 2));
      return {
        surrogate: loss,
        reads: { loss, attraction, repulsion },
        report: (reads) => ({
          loss: reads.loss[0],
          attraction: reads.attraction[0],
          repulsion: reads.repulsion[0],
        }),
      };
    },
  };
}

/**
 * Σ (zᵥ_b · z_w_c)² over views v ≠ w and images b ≠ c of a stack [n, m, d]. As Σ_bc (zᵥ_b · z_w_c)² = ⟨Sᵥ, S_w⟩ with
 * Sᵥ = Zᵥᵀ Zᵥ, the sum over v ≠ w is ‖Σ Sᵥ‖² − Σ ‖Sᵥ‖², less the same of one image (b = c), by its n × n Gram matrix.
 */
function squaresBetween(z: Value): Value {
  const moments = matmul(transposed(z), z);
  const images = reduceSumSquare(reduceSum(moments, [0]), [0, 1]);
  const ofView = reduceSumSquare(moments, [0, 1, 2]);
  const byImage = transpose(z, [1, 0, 2]);
  const pairs = reduceSumSquare(matmul(byImage, transposed(byImage)), [0, 1, 2]);
  const norms = reduceSum(mul(z, z), [2]);
  const ofImage = sub(pairs, reduceSumSquare(norms, [0, 1]));
  return sub(sub(images, ofView), ofImage);
}
