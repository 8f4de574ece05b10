import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { readWeights } from '../formats/read-weights.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { checkModel } from '../model/config.ts';
import { upgradedModel } from '../model/upgraded-model.ts';
import { type EncoderParts, FEATURES, type Feature, type Header, NAMES } from './encoder-parts.ts';

/** What an encoder's file holds; a whitening as its mean and matrix. */
interface EncoderFile extends Omit<EncoderParts, 'whitening'> {
  readonly whitening?: readonly [mean: Float32Array, matrix: Float32Array];
}

/**
 * The work of `PatchEncoder.read`.
 * @throws BagsslError `bad-checkpoint`, `bad-argument`
 */
export function readEncoder(bytes: Uint8Array): EncoderFile {
  const header = headerOf(bytes);
  const model = upgradedModel(header.model, header.recipe.size);
  checkModel(model, header.recipe.size);
  if (!FEATURES.includes(header.feature)) {
    throw new BagsslError(
      'bad-checkpoint',
      `The encoder's file names the feature ${quote(header.feature)}; it must be one of ${FEATURES.join(', ')}.`,
    );
  }
  const { [NAMES.mean]: mean, [NAMES.matrix]: matrix, ...weights } = readWeights(bytes).weights;
  return { ...header, model, weights, ...(mean && matrix && { whitening: [mean, matrix] }) };
}

function headerOf(bytes: Uint8Array): Header {
  const text = readSafetensors(bytes).metadata[NAMES.header];
  let header: Partial<Header> | undefined;
  try {
    header = text === undefined ? undefined : JSON.parse(text);
  } catch {
    // reported below
  }
  const { model, recipe, feature, placement } = header ?? {};
  if (model && recipe && placement) return { model, recipe, feature: feature as Feature, placement };
  throw new BagsslError(
    'bad-checkpoint',
    `This safetensors file is no patch encoder: its metadata has ${text === undefined ? `no "${NAMES.header}"` : `"${text.slice(0, 80)}" as "${NAMES.header}"`}. Write one with PatchEncoder.write().`,
  );
}
