import type { Pixels } from '../base/pixels.ts';
import { SHORT_SIDE } from './decoder.ts';

type Size = Pick<Pixels, 'width' | 'height'>;

/** The largest whole factor by which an image is shrunk so that its shorter side stays at least `shortSide` pixels; at least 1. */
export const shrinkFactor = ({ width, height }: Size, shortSide: number) =>
  Math.max(1, Math.floor(Math.min(width, height) / shortSide));

/**
 * The image, shrunk by the largest whole factor that keeps its shorter side at least `shortSide` pixels; sides are rounded down. Each pixel is the
 * mean of those that it covers: factor × factor of them, or one more where a side leaves a remainder. A factor of 1 returns the image itself.
 * @param image layout `rgba`
 */
export function shrink(image: Pixels, shortSide = SHORT_SIDE): Pixels {
  const factor = shrinkFactor(image, shortSide);
  if (factor <= 1) return image;
  const across = starts(image.width, Math.floor(image.width / factor));
  const down = starts(image.height, Math.floor(image.height / factor));
  const [width, height] = [across.length - 1, down.length - 1];
  const row = image.width * 4;
  const out = new Uint8Array(width * height * 4);
  const sums = new Uint32Array(width * 4);
  for (let y = 0, to = 0; y < height; y++) {
    sums.fill(0);
    for (let from = down[y] * row, line = down[y]; line < down[y + 1]; line++) {
      for (let x = 0, i = 0; x < width; x++, i += 4) {
        for (const end = line * row + across[x + 1] * 4; from < end; from += 4) {
          sums[i] += image.data[from];
          sums[i + 1] += image.data[from + 1];
          sums[i + 2] += image.data[from + 2];
          sums[i + 3] += image.data[from + 3];
        }
      }
    }
    const lines = down[y + 1] - down[y];
    for (let x = 0; x < width; x++) {
      const area = lines * (across[x + 1] - across[x]);
      for (let c = 0; c < 4; c++) out[to++] = (sums[x * 4 + c] + (area >> 1)) / area;
    }
  }
  return { data: out, width, height, layout: 'rgba' };
}

/** Where each of `count` parts of a side begins, and the last one ends. */
const starts = (length: number, count: number) =>
  Int32Array.from({ length: count + 1 }, (_, i) => Math.floor((i * length) / count));
