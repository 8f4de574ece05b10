import { BYTES, type Pixels } from '../base/pixels.ts';
import { changeTile, twinTile } from './augmentations/index.ts';
import { brightness } from './augmentations/jitter.ts';
import type { PatchParameters } from './parameters.ts';
import type { Triple } from './recipe.ts';
import { mirroredTaps, resampleTaps, scaledTaps, type Taps } from './weights.ts';

const { fround } = Math;

/** Byte of a channel, whatever the layout. */
function byteAt({ data, width, height, layout }: Pixels, channel: number, x: number, y: number): number {
  const pixel = y * width + x;
  if (layout === 'planar') return data[channel * height * width + pixel];
  return layout === 'grey' ? data[pixel] : data[pixel * BYTES[layout] + channel];
}

function filtered({ taps, starts, weights }: Taps, i: number, value: (at: number) => number): number {
  let sum = fround(weights[i * taps] * value(starts[i]));
  for (let t = 1; t < taps; t++) sum = fround(sum + fround(weights[i * taps + t] * value(starts[i] + t)));
  return sum;
}

/** Twin of assembly/copy.ts and assembly/resample.ts: the crop as a tile [3, size, size] in 0..1. */
function crop(pixels: Pixels, p: PatchParameters, size: number): Float32Array {
  const tile = new Float32Array(3 * size * size);
  const { x: left, y: top, width, height } = p;
  if (width === size && height === size) {
    for (let i = 0; i < tile.length; i++) {
      const x = i % size;
      const [channel, y] = [Math.floor(i / (size * size)), Math.floor(i / size) % size];
      tile[i] = byteAt(pixels, channel, left + (p.flip ? size - 1 - x : x), top + y) / 255;
    }
    return tile;
  }
  const plain = resampleTaps(width, size, p.interpolation);
  const across = p.flip ? mirroredTaps(plain, size) : plain;
  const down = scaledTaps(resampleTaps(height, size, p.interpolation), 1 / 255);
  for (let channel = 0; channel < 3; channel++) {
    const rows = new Float32Array(height * size);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < size; x++) {
        rows[y * size + x] = filtered(across, x, (at) => byteAt(pixels, channel, left + at, top + y));
      }
    }
    for (let i = 0; i < size * size; i++) {
      tile[channel * size * size + i] = filtered(down, Math.floor(i / size), (at) => rows[at * size + (i % size)]);
    }
  }
  // Bicubic weights may be negative: what leaves 0..1 is limited.
  if (p.interpolation === 'bicubic') brightness(tile, 1);
  return tile;
}
/** Twin of assembly/normalise.ts: (v - mean) / std, a channel at a time. */
function normalise(tile: Float32Array, mean: Triple, std: Triple): void {
  const n = tile.length / 3;
  for (let i = 0; i < tile.length; i++) {
    const channel = Math.floor(i / n);
    tile[i] = fround(fround(tile[i] - fround(mean[channel])) / fround(std[channel]));
  }
}

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
  changeTile(twinTile(tile), patch);
  normalise(tile, mean, std);
  return tile;
}
