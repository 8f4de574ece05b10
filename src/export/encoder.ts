import { FEATURES, type Feature } from '../bag/feature.ts';
import { featureGraph } from '../bag/feature-graph.ts';
import { BagsslError } from '../base/errors.ts';
import { givenParts } from '../base/options.ts';
import { modelOfAnyBatch } from '../graph/any-batch.ts';
import { portableOnnx } from '../graph/write-onnx.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { checkModel, type ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import type { Recipe } from '../patches/recipe.ts';

/** A trained network, and what is wanted of it. */
export interface ExportedNetwork {
  /** The network. */
  readonly model: ModelConfig;
  /** A checkpoint's state serves as it is; where the run kept a moving average of its weights, that is used. */
  readonly weights: Weights;
  /** What its patches are: their size, scale and normalisation. Augmentation does not matter. */
  readonly recipe: Recipe;
  /** Default `preFeature`. */
  readonly feature?: Feature;
}

/**
 * The network in evaluation form as an .onnx file: `patches` [batch, 3, size, size] in, float32, normalised as the recipe says;
 * the feature out under its own name, [batch, width].
 * @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export function exportEncoder(options: ExportedNetwork): Uint8Array {
  const feature = checkNetwork(options);
  const weights = averagedWeights(options.weights);
  return portableOnnx(
    modelOfAnyBatch((batch) =>
      featureGraph(options.model, weights, options.recipe.size, feature, batch, { kinds: allEncoderKinds }),
    ),
  );
}

/** The feature that is wanted, once model and feature are known to be sound. */
export function checkNetwork(network: ExportedNetwork): Feature {
  givenParts(network, 'What is exported', 'model', 'weights', 'recipe');
  const { model, feature = 'preFeature' } = network;
  checkModel(model, network.recipe.size, allEncoderKinds);
  if (FEATURES.includes(feature)) return feature;
  throw new BagsslError('bad-argument', `feature is "${feature}"; it must be one of ${FEATURES.join(', ')}.`);
}
