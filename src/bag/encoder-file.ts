import { BagsslError } from '../errors.ts';
import { readSafetensors, type SafeTensor, writeSafetensors } from '../formats/safetensors.ts';
import { readWeights } from '../formats/weights.ts';
import { createGraph } from '../graph/ops/index.ts';
import { toHalf } from '../half.ts';
import { checkModel, type ModelConfig } from '../model/config.ts';
import { featureOf } from '../model/network.ts';
import { Scope, type Weights } from '../model/scope.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import { checkRecipe } from '../patches/check-recipe.ts';
import { type Recipe, withoutAugmentation } from '../patches/recipe.ts';
import { type BagPlacement, checkBagPlacement } from './bag-placement.ts';
import { FEATURES, type Feature } from './feature-graph.ts';
import { Whitening } from './whitening.ts';

/** Everything that makes a bag of an image. */
export interface PatchEncoder {
  readonly model: ModelConfig;
  readonly weights: Weights;
  readonly recipe: Recipe;
  readonly feature: Feature;
  readonly placement: BagPlacement;
  readonly whitening?: Whitening;
}

/** What its file says beside tensors. */
type Header = Omit<PatchEncoder, 'weights' | 'whitening'>;

const KEY = 'bagssl';
const [MEAN, MATRIX] = ['whitening.mean', 'whitening.matrix'];

/**
 * A patch encoder as one safetensors file: in half precision the tensors its feature needs and no others; the rest as JSON in the
 * file's metadata. Half floats change a vector by about a thousandth.
 * @throws BagsslError `bad-argument` for an encoder that is an .onnx file, or weights beyond half floats (65,504);
 * `bad-checkpoint`, `shape-mismatch` if the weights are not the model's
 */
export function writeEncoder({
  model,
  weights,
  recipe,
  feature,
  placement,
  whitening,
}: PatchEncoder): Uint8Array<ArrayBuffer> {
  checkModel(model);
  if (model.encoder.kind === 'onnx') {
    throw new BagsslError(
      'bad-argument',
      'An encoder read from an .onnx file is kept as that file, not as safetensors.',
    );
  }
  const graph = createGraph();
  const scope = new Scope(graph, averagedWeights(weights));
  featureOf(scope, model, graph.input('patches', [1, 3, model.size, model.size]), feature);
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
    keep(MEAN, [whitening.width], whitening.mean);
    keep(MATRIX, [whitening.width, whitening.width], whitening.matrix);
  }
  const header: Header = { model, recipe: withoutAugmentation(recipe), feature, placement };
  return writeSafetensors(tensors, { [KEY]: JSON.stringify(header) });
}

/**
 * Reads such a file.
 * @throws BagsslError `bad-checkpoint` for what is none; as `checkModel`, `checkRecipe` and `checkBagPlacement` for what it says
 */
export function readEncoder(bytes: Uint8Array): PatchEncoder {
  const header = headerOf(bytes);
  const { model, recipe, feature, placement } = header;
  checkModel(model);
  checkRecipe(recipe);
  checkBagPlacement(placement);
  if (!FEATURES.includes(feature)) {
    throw new BagsslError(
      'bad-checkpoint',
      `The encoder's file names the feature "${feature}"; it must be one of ${FEATURES.join(', ')}.`,
    );
  }
  const { weights } = readWeights(bytes);
  const { [MEAN]: mean, [MATRIX]: matrix, ...rest } = weights;
  return {
    model,
    recipe,
    feature,
    placement,
    weights: rest,
    ...(mean && matrix && { whitening: new Whitening(mean, matrix) }),
  };
}

function headerOf(bytes: Uint8Array): Header {
  const text = readSafetensors(bytes).metadata[KEY];
  let header: Header | undefined;
  try {
    header = text === undefined ? undefined : JSON.parse(text);
  } catch {
    // said below
  }
  if (header && typeof header === 'object' && header.model && header.recipe && header.placement) return header;
  throw new BagsslError(
    'bad-checkpoint',
    `This safetensors file is no patch encoder: its metadata has ${text === undefined ? `no "${KEY}"` : `"${text.slice(0, 80)}" as "${KEY}"`}. Write one with writeEncoder.`,
  );
}
