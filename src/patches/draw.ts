import { Stream } from '../base/random.ts';
import { fieldDrawer } from './augmentations/index.ts';
import { type Augmentation, drawOwn } from './augmentations/own.ts';
import { type DrawKey, drawCrop } from './crop.ts';
import type { PatchParameters } from './parameters.ts';
import { type Recipe, recipeOfView } from './recipe.ts';

/** Draws the parameters of one patch of an image of that size. */
type PatchDrawer = (key: DrawKey, width: number, height: number) => PatchParameters;

/**
 * Draws the parameters of augmented patches: torchvision's transforms, in the order of a recipe's fields. Each choice has its own
 * place in the stream, so changing one probability leaves the other choices as they were. What depends on the recipe alone is
 * looked up once, not for every patch.
 * @param own the user's augmentations, which draw from streams of their own
 */
export function patchDrawer(shared: Recipe, own: readonly Augmentation[] = []): PatchDrawer {
  const views = (shared.views ?? [undefined]).map((_, view) => {
    const recipe = recipeOfView(shared, view);
    return { recipe, draw: fieldDrawer(recipe) };
  });
  return (key, width, height) => {
    const { recipe, draw } = views[key.view % views.length];
    const stream = new Stream(key.seed, 'patch', key.epoch, key.image, key.view);
    const patch = drawCrop(recipe, key, stream, width, height);
    draw(stream, patch);
    const drawn = recipe.own && drawOwn(own, recipe.own, key, recipe.size);
    return (drawn ? { ...patch, own: drawn } : patch) as PatchParameters;
  };
}
