import { cast } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import type { ModelConfig } from './config.ts';
import { encode } from './encoder.ts';
import { encoderKinds } from './encoders/index.ts';
import { firstHidden, project } from './projector.ts';
import type { Scope } from './scope.ts';

/** The outputs of a network for a batch of patches, each [patches, width]. */
export interface Features {
  /** The encoder's output, averaged over positions. */
  readonly embedding: Value;
  /** After the projector's first layer: the feature EMP-SSL evaluates. */
  readonly preFeature: Value;
  /** The projector's output, not normalised: objectives that need unit length normalise it. */
  readonly projection: Value;
}

/** Encoder and projector on `patches` [patches, 3, size, size], in the scope's precision; the outputs are float32. */
export function network(
  scope: Scope,
  { encoder, projector }: ModelConfig,
  patches: Value,
  kinds = encoderKinds,
): Features {
  const embedding = encode(scope, encoder, cast(patches, scope.precision), kinds);
  const preFeature = firstHidden(scope, projector, embedding);
  const projection = project(scope, projector, preFeature);
  return {
    embedding: cast(embedding, 'float32'),
    preFeature: cast(preFeature, 'float32'),
    projection: cast(projection, 'float32'),
  };
}

/** One of the features, with no layer and no tensor that it does not need. */
export function featureOf(
  scope: Scope,
  { encoder, projector }: ModelConfig,
  patches: Value,
  name: keyof Features,
  kinds = encoderKinds,
): Value {
  let feature = encode(scope, encoder, cast(patches, scope.precision), kinds);
  if (name !== 'embedding') feature = firstHidden(scope, projector, feature);
  if (name === 'projection') feature = project(scope, projector, feature);
  return cast(feature, 'float32');
}
