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

/** As `shrink`, by a factor that need not be whole: each row as soon as those that it covers are narrowed. */
function shrinkPart(image: Pixels, full: Size, factor: number): Pixels {
  const width = Math.floor(full.width / factor);
  const height = Math.floor(full.height / factor);
  const across = cover(width, (factor * image.width) / full.width, image.width);
  const { starts, weights, ends } = cover(height, (factor * image.height) / full.height, image.height);
  const row = width * 4;
  const data = new Uint8ClampedArray(row * height);
  const sums = new Float32Array(row);
  const narrow = new Float32Array(row);
  let narrowed = -1;
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let k = ends[y], from = starts[y]; k < ends[y + 1]; k++, from++) {
      // The last row of one new row can be the first of the next.
      if (from !== narrowed) narrowRow(image, from, across, narrow);
      narrowed = from;
      const weight = weights[k];
      for (let i = 0; i < row; i++) sums[i] += weight * narrow[i];
    }
    data.set(sums, y * row);
  }
  return { data: new Uint8Array(data.buffer), width, height, layout: 'rgba' };
}

/** One row at its new width, in single precision throughout. */
function narrowRow({ data, width }: Pixels, y: number, { starts, weights, ends }: Cover, to: Float32Array): void {
  const { fround } = Math;
  const first = y * width;
  for (let x = 0, i = 0; i < to.length; x++, i += 4) {
    let red = 0;
    let green = 0;
    let blue = 0;
    let alpha = 0;
    const end = ends[x + 1];
    for (let k = ends[x], at = (first + starts[x]) * 4; k < end; k++, at += 4) {
      const weight = weights[k];
      red = fround(red + weight * data[at]);
      green = fround(green + weight * data[at + 1]);
      blue = fround(blue + weight * data[at + 2]);
      alpha = fround(alpha + weight * data[at + 3]);
    }
    to[i] = red;
    to[i + 1] = green;
    to[i + 2] = blue;
    to[i + 3] = alpha;
  }
}

interface Cover {
  /** The first old pixel that a new one covers. */
  readonly starts: Int32Array;
  /** How much of a new pixel each old one makes up: those of `i` are from ends[i] to ends[i + 1]. */
  readonly weights: Float64Array;
  readonly ends: Int32Array;
}

/** Which old pixels each of `count` new ones, `step` old ones wide, covers. */
function cover(count: number, step: number, length: number): Cover {
  const starts = new Int32Array(count);
  const ends = new Int32Array(count + 1);
  const weights: number[] = [];
  for (let i = 0; i < count; i++) {
    const [start, end] = [i * step, Math.min((i + 1) * step, length)];
    starts[i] = Math.floor(start);
    const last = Math.min(length, Math.ceil(end - 1e-9));
    for (let k = starts[i]; k < last; k++) weights.push((Math.min(end, k + 1) - Math.max(start, k)) / (end - start));
    ends[i + 1] = weights.length;
  }
  return { starts, ends, weights: Float64Array.from(weights) };
}
