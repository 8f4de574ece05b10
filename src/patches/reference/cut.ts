import type { Pixels } from '../../base/pixels.ts';
import type { PatchParameters } from '../parameters.ts';
import type { Triple } from '../recipe.ts';
import { gaussianWeights } from '../weights.ts';
import { blur } from './blur.ts';
import { brightness, contrast, greyscale, saturation, solarise } from './colour.ts';
import { crop } from './crop.ts';
import { hue } from './hue.ts';
import { normalise } from './normalise.ts';

/**
 * What `Kernels.cut` does for one patch, in plain script and with the same bits: the definition of the kernels' meaning.
 * @returns float32 [3, size, size]
 */
export function cutReference(
  pixels: Pixels,
  patch: PatchParameters,
  size: number,
  mean: Triple,
  std: Triple,
): Float32Array {
  const tile = crop(pixels, patch, size);
  for (const change of patch.order) {
    if (change === 'brightness' && patch.brightness !== 1) brightness(tile, patch.brightness);
    else if (change === 'contrast' && patch.contrast !== 1) contrast(tile, patch.contrast);
    else if (change === 'saturation' && patch.saturation !== 1) saturation(tile, patch.saturation);
    else if (change === 'hue' && patch.hue !== 0) hue(tile, patch.hue);
  }
  if (patch.greyscale) greyscale(tile);
  if (patch.blur) blur(tile, gaussianWeights(patch.blur.kernel, patch.blur.sigma));
  if (patch.solarise !== undefined) solarise(tile, patch.solarise);
  normalise(tile, mean, std);
  return tile;
}
