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
    // Three sums at a time stay in registers.
    for (let i = 0, first = starts[y] * row; i < row; i += 3) {
      let a = 0;
      let b = 0;
      let c = 0;
      for (let t = y * taps, from = first + i; t < (y + 1) * taps; t++, from += row) {
        const weight = weights[t];
        a += weight * lines[from];
        b += weight * lines[from + 1];
        c += weight * lines[from + 2];
      }
      sums[i] = a;
      sums[i + 1] = b;
      sums[i + 2] = c;
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
  const plane = layout === 'planar' ? width * height : layout === 'grey' ? 0 : 1;
  const row = 3 * columns;
  const lines = new Float32Array(height * row);
  // Two rows at a time share their weights; the last of an odd number is done twice.
  for (let y = 0; y < height; y += 2) {
    const second = y + 1 < height ? 1 : 0;
    const [below, next] = [second * width * step, second * row];
    for (let x = 0, to = y * row; x < columns; x++, to++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let red2 = 0;
      let green2 = 0;
      let blue2 = 0;
      let from = (y * width + starts[x]) * step;
      for (let t = x * taps; t < (x + 1) * taps; t++, from += step) {
        const weight = weights[t];
        red += weight * data[from];
        green += weight * data[from + plane];
        blue += weight * data[from + 2 * plane];
        red2 += weight * data[from + below];
        green2 += weight * data[from + below + plane];
        blue2 += weight * data[from + below + 2 * plane];
      }
      lines[to] = red;
      lines[to + columns] = green;
      lines[to + 2 * columns] = blue;
      lines[to + next] = red2;
      lines[to + next + columns] = green2;
      lines[to + next + 2 * columns] = blue2;
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
