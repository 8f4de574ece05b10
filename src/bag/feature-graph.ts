import { BagsslError } from '../base/errors.ts';
import { matmul, sub } from '../graph/functions.ts';
import type { Precision } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { ModelConfig } from '../model/config.ts';
import type { EncoderKinds } from '../model/encoders/index.ts';
import { featureOf } from '../model/network.ts';
import { Scope, type Weights } from '../model/scope.ts';
import type { Feature } from './feature.ts';
import type { Whitening } from './whitening.ts';

export interface FeatureGraphOptions {
  /** What the network computes in; default float32. */
  readonly precision?: Precision;
  /** The last layer. */
  readonly whitening?: Whitening;
  /** The encoders that the model may have; default all but .onnx files. */
  readonly kinds?: EncoderKinds;
}

/**
 * The network in evaluation form with its weights inside: `patches` [batch, 3, size, size] in, one `feature` out. A whitening is
 * the last layer: affine, it does to a bag's mean what it does to every patch.
 * @throws BagsslError `shape-mismatch` for a whitening of another width
 */
export function featureGraph(
  model: ModelConfig,
  weights: Weights,
  size: number,
  feature: Feature,
  batch: number,
  { precision = 'float32', whitening, kinds }: FeatureGraphOptions = {},
): Outputs {
  const graph = createGraph();
  const patches = graph.input('patches', [batch, 3, size, size]);
  const found = featureOf(new Scope(graph, weights, precision), model, patches, feature, kinds);
  if (!whitening) return { [feature]: found };
  const { mean, matrix, width } = whitening;
  if (width !== found.shape[1]) {
    throw new BagsslError(
      'shape-mismatch',
      `The whitening is of ${width} dimensions, ${feature} of ${found.shape[1]}.`,
    );
  }
  const centred = sub(found, graph.constant(mean, [width], 'whitening.mean'));
  return { [feature]: matmul(centred, graph.constant(matrix, [width, width], 'whitening.matrix')) };
}
