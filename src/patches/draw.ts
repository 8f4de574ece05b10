import { ORDERS, type PatchParameters } from './parameters.ts';
import { Stream } from './philox.ts';
import type { Recipe } from './recipe.ts';

/** What names a draw: whole numbers, 0 to 2^32 - 1 (seed: to 2^53 - 1). */
export interface DrawKey {
  readonly seed: number;
  readonly epoch: number;
  readonly image: number;
  readonly view: number;
}

/** Python's round: ties go to the even number, as in torchvision's RandomResizedCrop. */
function roundHalfEven(v: number): number {
  const down = Math.floor(v);
  const over = v - down;
  return over > 0.5 || (over === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/** Side in pixels of a square patch that covers `share` of the image's area; at least 1, at most the shorter side. */
export function patchSide(share: number, width: number, height: number): number {
  return Math.max(1, Math.min(roundHalfEven(Math.sqrt(width * height * share)), width, height));
}

/**
 * The parameters of one augmented patch: torchvision's RandomResizedCrop (ratio 1), RandomHorizontalFlip,
 * RandomApply([ColorJitter]) and RandomGrayscale. Each choice has its own place in the stream, so changing one
 * probability leaves the other choices as they were.
 */
export function drawPatch(recipe: Recipe, key: DrawKey, width: number, height: number): PatchParameters {
  const stream = new Stream(key.seed, 'patch', key.epoch, key.image, key.view);
  const [least, most] = recipe.scale;
  const side = patchSide(least + (most - least) * stream.uniform(), width, height);
  const x = stream.below(width - side + 1);
  const y = stream.below(height - side + 1);
  const flip = stream.uniform() < recipe.flip;
  const { jitter } = recipe;
  const jittered = stream.uniform() < jitter.probability;
  const factor = (v: number) => {
    const low = Math.max(0, 1 - v);
    const drawn = low + (1 + v - low) * stream.uniform();
    return jittered && v > 0 ? drawn : 1;
  };
  const brightness = factor(jitter.brightness);
  const contrast = factor(jitter.contrast);
  const saturation = factor(jitter.saturation);
  const turn = (2 * stream.uniform() - 1) * jitter.hue;
  const order = ORDERS[stream.below(ORDERS.length)];
  const greyscale = stream.uniform() < recipe.greyscale;
  return {
    x,
    y,
    width: side,
    height: side,
    flip,
    brightness,
    contrast,
    saturation,
    hue: jittered && jitter.hue > 0 ? turn : 0,
    order,
    greyscale,
  };
}
