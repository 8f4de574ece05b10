import type { Pixels } from '../base/pixels.ts';

/**
 * The default length of the shorter side, in pixels, below which an image is not shrunk. It is enough for fixed-scale patches,
 * and a photograph of 12 megapixels (46 MiB in memory) becomes about 345×259 (0.3 MiB).
 */
export const SHORT_SIDE = 256;

/**
 * The image, shrunk by the largest whole factor that keeps its shorter side at least `shortSide` pixels: each pixel is the mean
 * of a square of factor × factor. A remainder at the right and bottom, narrower than one square, is dropped. A factor of 1
 * returns the image itself.
 * @param image layout `rgba`
 */
export function shrink(image: Pixels, shortSide = SHORT_SIDE): Pixels {
  const factor = Math.floor(Math.min(image.width, image.height) / shortSide);
  if (factor <= 1) return image;
  const width = Math.floor(image.width / factor);
  const height = Math.floor(image.height / factor);
  const area = factor * factor;
  const row = image.width * 4;
  const out = new Uint8Array(width * height * 4);
  const sums = new Uint32Array(width * 4);
  for (let y = 0; y < height; y++) {
    sums.fill(area >> 1);
    for (let dy = 0; dy < factor; dy++) {
      let from = (y * factor + dy) * row;
      for (let to = 0; to < sums.length; to += 4) {
        for (let dx = 0; dx < factor; dx++, from += 4) {
          sums[to] += image.data[from];
          sums[to + 1] += image.data[from + 1];
          sums[to + 2] += image.data[from + 2];
          sums[to + 3] += image.data[from + 3];
        }
      }
    }
    for (let i = 0; i < sums.length; i++) out[y * sums.length + i] = sums[i] / area;
  }
  return { data: out, width, height, layout: 'rgba' };
}
