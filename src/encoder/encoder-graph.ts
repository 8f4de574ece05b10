import { BagsslError } from '../base/errors.ts';
import { matmul, sub } from '../graph/functions.ts';
import type { Precision, Value } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { EncoderKinds } from '../model/encoders/index.ts';
import { featureOf } from '../model/network.ts';
import { Scope } from '../model/scope.ts';
import type { WholeEncoder } from './encoder-parts.ts';

/** How an encoder is written as a graph. */
export interface GraphOptions {
  /** What the network computes in; default float32. Vectors are float32 in any case. */
  readonly precision?: Precision;
  /** The kinds of encoder it may be of; default all but `onnx`. */
  readonly kinds?: EncoderKinds;
}

/**
 * The vectors [patches, width] of `patches` [patches, 3, size, size], normalised as the recipe says, with the weights as
 * constants of the graph. A whitening is the last layer: as it is affine, it does to a bag's mean what it does to every patch.
 * @throws BagsslError `bad-checkpoint`, `shape-mismatch` if the weights or the whitening are not the network's
 */
export function encodePatches(encoder: WholeEncoder, patches: Value, options: GraphOptions = {}): Value {
  const { precision = 'float32', kinds } = options;
  const { model, weights, feature, whitening } = encoder;
  const { graph } = patches;
  const vectors = featureOf(new Scope(graph, weights, precision), model, patches, feature, kinds);
  if (!whitening) return vectors;
  const { mean, matrix, width } = whitening;
  if (width !== vectors.shape[1]) {
    throw new BagsslError(
      'shape-mismatch',
      `The whitening is of ${width} dimensions, ${feature} of ${vectors.shape[1]}. Learn it from bags of ${feature}.`,
    );
  }
  const centred = sub(vectors, graph.constant(mean, [width], 'whitening.mean'));
  return matmul(centred, graph.constant(matrix, [width, width], 'whitening.matrix'));
}

/** A graph of its own for a batch of patches: `patches` [batch, 3, size, size] in, [batch, width] out under the feature's name. */
export function encoderGraph(encoder: WholeEncoder, batch: number, options?: GraphOptions): Outputs {
  const { size } = encoder.recipe;
  const patches = createGraph().input('patches', [batch, 3, size, size]);
  return { [encoder.feature]: encodePatches(encoder, patches, options) };
}
