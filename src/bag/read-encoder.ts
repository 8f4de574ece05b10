import { BagsslError } from '../base/errors.ts';
import { readWeights } from '../formats/read-weights.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { upgradedModel } from '../model/upgraded-model.ts';
import { checkRecipe } from '../patches/recipe.ts';
import { checkBagPlacement } from './bag-placement.ts';
import { FEATURES } from './feature.ts';
import { type Header, NAMES, type PatchEncoder } from './patch-encoder.ts';
import { Whitening } from './whitening.ts';

/**
 * Reads a file of `writeEncoder`.
 * @throws BagsslError `bad-checkpoint` for what is none; as `checkModel`, `checkRecipe` and `checkBagPlacement` for what it says
 */
export async function readEncoder(bytes: Uint8Array): Promise<PatchEncoder> {
  const header = headerOf(bytes);
  const { recipe, feature, placement } = header;
  // What checks a network builds it too, which a page need not wait for at first.
  const { checkModel } = await import('../model/config.ts');
  checkRecipe(recipe);
  const model = upgradedModel(header.model, recipe.size);
  checkModel(model, recipe.size);
  checkBagPlacement(placement);
  if (!FEATURES.includes(feature)) {
    throw new BagsslError(
      'bad-checkpoint',
      `The encoder's file names the feature "${feature}"; it must be one of ${FEATURES.join(', ')}.`,
    );
  }
  const { weights } = readWeights(bytes);
  const { [NAMES.mean]: mean, [NAMES.matrix]: matrix, ...rest } = weights;
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
  const text = readSafetensors(bytes).metadata[NAMES.header];
  let header: Header | undefined;
  try {
    header = text === undefined ? undefined : JSON.parse(text);
  } catch {
    // said below
  }
  if (header && typeof header === 'object' && header.model && header.recipe && header.placement) return header;
  throw new BagsslError(
    'bad-checkpoint',
    `This safetensors file is no patch encoder: its metadata has ${text === undefined ? `no "${NAMES.header}"` : `"${text.slice(0, 80)}" as "${NAMES.header}"`}. Write one with writeEncoder.`,
  );
}
