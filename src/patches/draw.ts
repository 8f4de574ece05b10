import { Stream } from '../base/random.ts';
import { drawFields } from './augmentations/index.ts';
import { type Augmentation, drawOwn } from './augmentations/own.ts';
import { type DrawKey, drawCrop } from './crop.ts';
import type { PatchParameters } from './parameters.ts';
import { type Recipe, recipeOfView } from './recipe.ts';

/**
 * The parameters of one augmented patch: torchvision's transforms, in the order of a recipe's fields. Each choice has its own
 * place in the stream, so changing one probability leaves the other choices as they were.
 * @param own the user's augmentations, which draw from streams of their own
 */
export function drawPatch(
  shared: Recipe,
  key: DrawKey,
  width: number,
  height: number,
  own: readonly Augmentation[] = [],
): PatchParameters {
  const recipe = recipeOfView(shared, key.view);
  const stream = new Stream(key.seed, 'patch', key.epoch, key.image, key.view);
  const patch = drawCrop(recipe, key, stream, width, height);
  drawFields(recipe, stream, patch);
  const drawn = recipe.own && drawOwn(own, recipe.own, key, recipe.size);
  return (drawn ? { ...patch, own: drawn } : patch) as PatchParameters;
}
