import type { Pixels } from '../base/pixels.ts';
import { SHORT_SIDE } from './decoder.ts';

type Size = Pick<Pixels, 'width' | 'height'>;

/** The largest whole factor by which an image is shrunk so that its shorter side stays at least `shortSide` pixels; at least 1. */
export const shrinkFactor = ({ width, height }: Size, shortSide: number) =>
  Math.max(1, Math.floor(Math.min(width, height) / shortSide));

/**
 * The image, shrunk by the largest whole factor that keeps its shorter side at least `shortSide` pixels: each pixel is the mean
 * of a square of factor × factor. A remainder at the right and bottom, narrower than one square, is dropped. A factor of 1
 * returns the image itself.
 * @param image layout `rgba`
 * @param full the size of the whole image, where `image` is one decoded at a smaller scale: a pixel is then the mean of the same square,
 * of which it may cover parts of pixels
 */
export function shrink(image: Pixels, shortSide = SHORT_SIDE, full: Size = image): Pixels {
  const factor = shrinkFactor(full, shortSide);
  if (full.width !== image.width || full.height !== image.height) return shrinkPart(image, full, factor);
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

/** As `shrink`, by a factor that need not be whole: columns first, then rows. */
function shrinkPart(image: Pixels, full: Size, factor: number): Pixels {
  const width = Math.floor(full.width / factor);
  const height = Math.floor(full.height / factor);
  const across = cover(width, (factor * image.width) / full.width, image.width);
  const down = cover(height, (factor * image.height) / full.height, image.height);
  const narrow = new Float32Array(width * image.height * 4);
  for (let y = 0, to = 0; y < image.height; y++) {
    for (const { first, weights } of across) {
      for (let k = 0, from = (y * image.width + first) * 4; k < weights.length; k++, from += 4) {
        for (let c = 0; c < 4; c++) narrow[to + c] += weights[k] * image.data[from + c];
      }
      to += 4;
    }
  }
  const row = width * 4;
  const data = new Uint8ClampedArray(row * height);
  const sums = new Float32Array(row);
  for (const [y, { first, weights }] of down.entries()) {
    sums.fill(0);
    weights.forEach((weight, k) => {
      for (let i = 0, from = (first + k) * row; i < row; i++, from++) sums[i] += weight * narrow[from];
    });
    data.set(sums, y * row);
  }
  return { data: new Uint8Array(data.buffer), width, height, layout: 'rgba' };
}

/** For each of `count` new pixels, `step` old ones wide: the old ones it covers, and how much of it each makes up. */
function cover(count: number, step: number, length: number): { first: number; weights: number[] }[] {
  return Array.from({ length: count }, (_, i) => {
    const [start, end] = [i * step, Math.min((i + 1) * step, length)];
    const first = Math.floor(start);
    const last = Math.min(length, Math.ceil(end - 1e-9));
    const weights = Array.from(
      { length: last - first },
      (_, k) => (Math.min(end, first + k + 1) - Math.max(start, first + k)) / (end - start),
    );
    return { first, weights };
  });
}
