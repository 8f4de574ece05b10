import { aboveZero, checkOptions } from '../base/options.ts';
import {
  abs,
  add,
  exp,
  greater,
  log,
  matmul,
  reduceMax,
  reduceMean,
  reduceSum,
  reshape,
  scale,
  sub,
  transposed,
  where,
} from '../graph/functions.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { stopGradient } from '../graph/with-gradient.ts';
import type { Objective } from './objective.ts';
import { normaliseRows } from './unit-rows.ts';
import { agreement } from './view-agreement.ts';

/** Of InfoNCE. */
export interface InfoNceOptions {
  /** τ; SimCLR takes 0.5 on CIFAR-10, 0.1 on ImageNet. */
  readonly temperature?: number;
}

/**
 * InfoNCE as SimCLR's NT-Xent (arXiv 2002.05709), for unit projections:
 *   L = mean over (i, p) of −sᵢₚ/τ + log Σ_{a ≠ i} exp(sᵢₐ/τ),   s the cosine,
 * i over all views of all images and p over the other views of i's image. With more than two views every pair of one image
 * is positive and the sum runs over all of the batch but i itself, as L_out of SupCon (arXiv 2004.11362).
 */
export function infoNce(options: InfoNceOptions = {}): Objective {
  checkOptions('info-nce', options, { temperature: aboveZero() });
  const { temperature = 0.5 } = options;
  return {
    name: 'info-nce',
    build(projection, { views, images }) {
      const unit = normaliseRows(projection);
      const z = reshape(unit, [views, images, projection.shape[1]]);
      const alignment = agreement(z, z);
      const logits = scale(matmul(unit, transposed(unit)), 1 / temperature);
      const others = where(offDiagonal(logits.graph, views * images), logits, logits.graph.scalar(-1e9));
      const top = stopGradient(reduceMax(others, [1], true));
      const normaliser = add(log(reduceSum(exp(sub(others, top)), [1], true)), top);
      const loss = sub(reduceMean(normaliser, [0, 1]), scale(alignment, 1 / temperature));
      return {
        surrogate: loss,
        reads: { loss, alignment },
        report: (reads) => ({ loss: reads.loss[0], alignment: reads.alignment[0] }),
      };
    },
  };
}

/** Where a [side, side] matrix is off its diagonal, written with two short constants. */
function offDiagonal(graph: Graph, side: number): Value {
  const index = Float32Array.from({ length: side }, (_, i) => i);
  const distance = abs(sub(graph.constant(index, [side, 1]), graph.constant(index, [1, side])));
  return greater(distance, graph.scalar(0.5));
}
