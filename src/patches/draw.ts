import { Stream } from '../base/random.ts';
import { drawFields } from './augmentations/index.ts';
import { type DrawKey, drawCrop } from './crop.ts';
import type { PatchParameters } from './parameters.ts';
import { type Recipe, recipeOfView } from './recipe.ts';

/**
 * The parameters of one augmented patch: torchvision's transforms, in the order of a recipe's fields. Each choice has its own
 * place in the stream, so changing one probability leaves the other choices as they were.
 */
export function drawPatch(shared: Recipe, key: DrawKey, width: number, height: number): PatchParameters {
  const recipe = recipeOfView(shared, key.view);
  const stream = new Stream(key.seed, 'patch', key.epoch, key.image, key.view);
  const patch = drawCrop(recipe, key, stream, width, height);
  drawFields(recipe, stream, patch);
  return patch as PatchParameters;
}
