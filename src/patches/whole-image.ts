import { BYTES, type Pixels } from '../base/pixels.ts';
import type { Interpolation } from './crop.ts';
import type { Recipe } from './recipe.ts';
import { resampleTaps, type Taps } from './weights.ts';

/** Filters used last: photographs come in few sizes. */
const filters = new Map<string, Taps>();
const KEPT = 64;

/**
 * A whole image resampled and normalised as the kernels do it with patches: [3, rows, columns], written to `out` from `at` on.
 * Antialiased; an image of that size already is not resampled.
 */
export function wholeImage(
  pixels: Pixels,
  { mean, std, interpolation }: Pick<Recipe, 'mean' | 'std' | 'interpolation'>,
  rows: number,
  columns: number,
  out: Float32Array,
  at = 0,
): void {
  const lines = narrowed(pixels, columns, filterOf(pixels.width, columns, interpolation));
  const { taps, starts, weights } = filterOf(pixels.height, rows, interpolation);
  const row = 3 * columns;
  const sums = new Float64Array(row);
  const scale = 1 / 255;
  for (let y = 0; y < rows; y++) {
    sums.fill(0);
    for (let t = 0, from = starts[y] * row; t < taps; t++) {
      const weight = weights[y * taps + t];
      for (let i = 0; i < row; i++) sums[i] += weight * lines[from++];
    }
    for (let channel = 0; channel < 3; channel++) {
      const to = at + (channel * rows + y) * columns;
      for (let x = 0; x < columns; x++) {
        // Bicubic weights may be negative: what leaves 0..1 is limited.
        const value = Math.min(1, Math.max(0, Math.fround(sums[channel * columns + x]) * scale));
        out[to + x] = (value - mean[channel]) / std[channel];
      }
    }
  }
}

/** Every row of an image at its new width: [height, 3, columns]. */
function narrowed({ data, width, height, layout }: Pixels, columns: number, { taps, starts, weights }: Taps) {
  const planes = layout === 'planar' || layout === 'grey';
  const step = planes ? 1 : BYTES[layout];
  const next = layout === 'planar' ? width * height : layout === 'grey' ? 0 : 1;
  const lines = new Float32Array(height * 3 * columns);
  for (let y = 0, to = 0; y < height; y++, to += 3 * columns) {
    for (let x = 0; x < columns; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let from = (y * width + starts[x]) * step;
      for (let t = x * taps; t < (x + 1) * taps; t++, from += step) {
        const weight = weights[t];
        red += weight * data[from];
        green += weight * data[from + next];
        blue += weight * data[from + 2 * next];
      }
      lines[to + x] = red;
      lines[to + columns + x] = green;
      lines[to + 2 * columns + x] = blue;
    }
  }
  return lines;
}

function filterOf(length: number, size: number, interpolation?: Interpolation): Taps {
  const key = `${length} ${size} ${interpolation}`;
  const known = filters.get(key);
  if (known) return known;
  if (filters.size >= KEPT) filters.clear();
  const filter = resampleTaps(length, size, interpolation);
  filters.set(key, filter);
  return filter;
}
