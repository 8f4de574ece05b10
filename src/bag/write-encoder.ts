import { BagsslError } from '../base/errors.ts';
import { toHalf } from '../base/half.ts';
import { givenParts } from '../base/options.ts';
import { type SafeTensor, writeSafetensors } from '../formats/safetensors.ts';
import { createGraph } from '../graph/ops/index.ts';
import { checkModel } from '../model/config.ts';
import { featureOf } from '../model/network.ts';
import { Scope } from '../model/scope.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import { withoutAugmentation } from '../patches/recipe.ts';
import { type Header, NAMES, type PatchEncoder } from './patch-encoder.ts';

/**
 * A patch encoder as one safetensors file: in half precision the tensors its feature needs and no others; the rest as JSON in the
 * file's metadata. Half floats change a vector by about a thousandth.
 * @throws BagsslError `bad-argument` for an encoder that is an .onnx file, or weights beyond half floats (65,504);
 * `bad-checkpoint`, `shape-mismatch` if the weights are not the model's
 */
export function writeEncoder(encoder: PatchEncoder): Uint8Array<ArrayBuffer> {
  givenParts(encoder, 'What writeEncoder is given', 'model', 'weights', 'recipe', 'feature', 'placement');
  const { model, weights, recipe, feature, placement, whitening } = encoder;
  checkModel(model, recipe.size);
  if (model.encoder.kind === 'onnx') {
    throw new BagsslError(
      'bad-argument',
      'An encoder read from an .onnx file is kept as that file, not as safetensors.',
    );
  }
  const graph = createGraph();
  const scope = new Scope(graph, averagedWeights(weights));
  featureOf(scope, model, graph.input('patches', [1, 3, recipe.size, recipe.size]), feature);
  const tensors: Record<string, SafeTensor> = {};
  const keep = (name: string, shape: readonly number[], values: Float32Array) => {
    const large = values.find((value) => !(Math.abs(value) < 65_520));
    if (large !== undefined) {
      throw new BagsslError('bad-argument', `Tensor "${name}" holds ${large}, which no half float can.`);
    }
    tensors[name] = { dtype: 'F16', shape, data: toHalf(values) };
  };
  for (const { spec, value } of [...scope.parameters, ...scope.statistics]) {
    keep(spec.name, spec.shape, value.data as Float32Array);
  }
  if (whitening) {
    keep(NAMES.mean, [whitening.width], whitening.mean);
    keep(NAMES.matrix, [whitening.width, whitening.width], whitening.matrix);
  }
  const header: Header = { model, recipe: withoutAugmentation(recipe), feature, placement };
  return writeSafetensors(tensors, { [NAMES.header]: JSON.stringify(header) });
}
