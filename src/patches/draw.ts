import { Stream } from '../base/random.ts';
import { cropSize } from './crop-size.ts';
import { ORDERS, type PatchParameters } from './parameters.ts';
import { type Range, type Recipe, recipeOfView } from './recipe.ts';

/** What names a draw: whole numbers, 0 to 2^32 - 1 (seed: to 2^53 - 1). */
export interface DrawKey {
  readonly seed: number;
  readonly epoch: number;
  readonly image: number;
  readonly view: number;
}

const SQUARE: Range = [1, 1];

/**
 * The parameters of one augmented patch: torchvision's RandomResizedCrop, RandomHorizontalFlip, RandomApply([ColorJitter]),
 * RandomGrayscale, RandomApply([GaussianBlur]) and RandomSolarize. Each choice has its own place in the stream, so changing
 * one probability leaves the other choices as they were.
 */
export function drawPatch(shared: Recipe, key: DrawKey, width: number, height: number): PatchParameters {
  const recipe = recipeOfView(shared, key.view);
  const stream = new Stream(key.seed, 'patch', key.epoch, key.image, key.view);
  // Ratios, and shares after the first try, have a stream of their own, in which try k has places 2k and 2k + 1.
  const tries: number[] = [];
  let more: Stream | undefined;
  const place = (i: number) => {
    more ??= new Stream(key.seed, 'crop', key.epoch, key.image, key.view);
    while (tries.length <= i) tries.push(more.uniform());
    return tries[i];
  };
  const first = stream.uniform();
  const crop = cropSize(
    recipe.scale,
    recipe.ratio ?? SQUARE,
    width,
    height,
    (k) => (k === 0 ? first : place(2 * k)),
    (k) => place(2 * k + 1),
  );
  const offset = (room: number) => {
    const drawn = stream.below(room + 1);
    return crop.centred ? Math.floor(room / 2) : drawn;
  };
  const x = offset(width - crop.width);
  const y = offset(height - crop.height);
  const flip = stream.uniform() < recipe.flip;
  const { jitter, blur, solarise } = recipe;
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
  const drawn: PatchParameters = {
    x,
    y,
    width: crop.width,
    height: crop.height,
    flip,
    brightness,
    contrast,
    saturation,
    hue: jittered && jitter.hue > 0 ? turn : 0,
    order,
    greyscale,
  };
  if (!blur && !solarise && !recipe.interpolation) return drawn;
  const blurred = stream.uniform() < (blur?.probability ?? 0);
  const spread = stream.uniform();
  const solarised = stream.uniform() < (solarise?.probability ?? 0);
  return {
    ...drawn,
    ...(recipe.interpolation === 'bicubic' && { interpolation: 'bicubic' }),
    ...(blur &&
      blurred && { blur: { kernel: blur.kernel, sigma: blur.sigma[0] + (blur.sigma[1] - blur.sigma[0]) * spread } }),
    ...(solarise && solarised && { solarise: solarise.threshold }),
  };
}
