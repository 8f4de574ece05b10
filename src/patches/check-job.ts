import { BagsslError } from '../base/errors.ts';
import { checkPixels } from '../base/pixels.ts';
import { checkPatch } from './check-patch.ts';
import { checkPlacement } from './check-placement.ts';
import { checkRecipe } from './check-recipe.ts';
import type { JobImage, PatchJob } from './job.ts';

/**
 * Refuses anything that would not give a batch, before any work is done.
 * @throws BagsslError `bad-argument`
 */
export function checkJob({ recipe, images, source }: PatchJob): void {
  checkRecipe(recipe);
  if (images.length === 0) refuse('The job has 0 images; give at least 1.');
  for (const image of images) checkImage(image);
  if (source.kind === 'augmented') {
    word('views', source.views, 1);
    word('epoch', source.epoch, 0);
    if (!Number.isSafeInteger(source.seed) || source.seed < 0) {
      refuse(`seed is ${source.seed}; it must be a whole number from 0 to 2^53 - 1.`);
    }
  } else if (source.kind === 'placed') {
    checkPlacement(source.placement);
  } else if (source.kind === 'given') {
    const { patches } = source;
    if (patches.length !== images.length) {
      refuse(`source.patches has ${patches.length} lists for ${images.length} images; give each image its own.`);
    }
    patches.forEach((list, i) => {
      for (const patch of list) checkPatch(patch, images[i].pixels, recipe.size);
    });
  } else {
    const { kind } = source as { kind: unknown };
    refuse(`source.kind is ${JSON.stringify(kind)}; use "augmented", "placed" or "given".`);
  }
}

function checkImage({ id, pixels, region }: JobImage): void {
  word('image id', id, 0);
  checkPixels(pixels, `image ${id}`);
  if (!region) return;
  const inside = (at: number, length: number, room: number) =>
    Number.isInteger(at) && Number.isInteger(length) && at >= 0 && length >= 1 && at + length <= room;
  if (!inside(region.x, region.width, pixels.width) || !inside(region.y, region.height, pixels.height)) {
    refuse(
      `image ${id}: region ${JSON.stringify(region)} does not lie on whole pixels inside its ${pixels.width}×${pixels.height}.`,
    );
  }
}

function word(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value >= 2 ** 32) {
    refuse(`${name} is ${value}; it must be a whole number from ${least} to 2^32 - 1.`);
  }
}

function refuse(message: string): never {
  throw new BagsslError('bad-argument', message);
}
