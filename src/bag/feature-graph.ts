import type { Precision } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { ModelConfig } from '../model/config.ts';
import { encoderWidth } from '../model/encoder.ts';
import { featureOf } from '../model/network.ts';
import { Scope, type Weights } from '../model/scope.ts';

/**
 * What a bag is made of: `embedding` is the encoder's output, `preFeature` the projector's first hidden layer (what
 * EMP-SSL evaluates), `projection` the projector's output.
 */
export type Feature = 'embedding' | 'preFeature' | 'projection';

export const FEATURES: readonly Feature[] = ['embedding', 'preFeature', 'projection'];

/** The width of a feature of this model. */
export function featureWidth({ encoder, projector }: ModelConfig, feature: Feature): number {
  if (feature === 'embedding') return encoderWidth(encoder);
  return feature === 'preFeature' ? projector.hidden[0] : projector.out;
}

/** The network in evaluation form with its weights inside: `patches` [batch, 3, size, size] in, one `feature` out. */
export function featureGraph(
  model: ModelConfig,
  weights: Weights,
  feature: Feature,
  batch: number,
  precision: Precision = 'float32',
): Outputs {
  const graph = createGraph();
  const patches = graph.input('patches', [batch, 3, model.size, model.size]);
  return { [feature]: featureOf(new Scope(graph, weights, precision), model, patches, feature) };
}
