import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import { float32 } from '../formats/read-weights.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { upgradedModel } from '../model/upgraded-model.ts';
import { readBlockTensors } from './block-tensors.ts';
import { type EncoderParts, FEATURES, type Feature, type Header, NAMES } from './encoder-parts.ts';

/** What an encoder's file holds; a whitening as its mean and matrix. */
export interface EncoderFile extends Omit<EncoderParts, 'whitening'> {
  readonly whitening?: readonly [mean: Float32Array, matrix: Float32Array];
}

/**
 * The work of `PatchEncoder.read`, but for the check of the network.
 * @throws BagsslError `bad-checkpoint`, `bad-argument`
 */
export function readEncoder(bytes: Uint8Array): EncoderFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const header = headerOf(metadata[NAMES.header]);
  const model = upgradedModel(header.model, header.recipe.size);
  if (!FEATURES.includes(header.feature)) {
    throw new BagsslError(
      'bad-checkpoint',
      `The encoder's file names the feature ${quote(header.feature)}; it must be one of ${FEATURES.join(', ')}.`,
    );
  }
  const { layout, rest } =
    typeof header.layout === 'object' && header.layout
      ? readBlockTensors(header.layout.blocks, tensors)
      : { layout: header.layout, rest: tensors };
  const numbers = Object.entries(rest).map(([name, tensor]) => [name, float32(name, tensor)]);
  const { [NAMES.mean]: mean, [NAMES.matrix]: matrix, ...weights } = Object.fromEntries(numbers);
  return { ...header, model, weights, layout, ...(mean && matrix && { whitening: [mean, matrix] }) };
}

function headerOf(text: string | undefined): Header {
  let header: Partial<Header> | undefined;
  try {
    header = text === undefined ? undefined : JSON.parse(text);
  } catch {
    // reported below
  }
  const { model, recipe, feature, placement, layout } = header ?? {};
  if (model && recipe && placement) return { model, recipe, feature: feature as Feature, placement, layout };
  throw new BagsslError(
    'bad-checkpoint',
    `This safetensors file is no patch encoder: its metadata has ${text === undefined ? `no "${NAMES.header}"` : `"${text.slice(0, 80)}" as "${NAMES.header}"`}. Give one that PatchEncoder.write() or "bagssl train" wrote; a network whose weights another library keeps in such a file has to be exported to .onnx (docs/guides/bring-an-encoder.md).`,
  );
}
