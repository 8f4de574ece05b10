import { BYTES, type Pixels } from '../base/pixels.ts';
import type { Recipe } from './recipe.ts';
import { resampleTaps, type Taps } from './weights.ts';

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
  const { data, width, height, layout } = pixels;
  const across = resampleTaps(width, columns, interpolation);
  const down = resampleTaps(height, rows, interpolation);
  const planes = layout === 'planar' || layout === 'grey';
  const step = planes ? 1 : BYTES[layout];
  const lines = new Float32Array(height * columns);
  for (let channel = 0; channel < 3; channel++) {
    const first = layout === 'planar' ? channel * width * height : layout === 'grey' ? 0 : channel;
    for (let y = 0; y < height; y++) {
      filter(across, columns, data, first + y * width * step, step, lines, y * columns, 1);
    }
    const plane = at + channel * rows * columns;
    for (let x = 0; x < columns; x++) filter(down, rows, lines, x, columns, out, plane + x, columns);
    const scale = 1 / 255;
    for (let i = plane; i < plane + rows * columns; i++) {
      // Bicubic weights may be negative: what leaves 0..1 is limited.
      const value = Math.min(1, Math.max(0, out[i] * scale));
      out[i] = (value - mean[channel]) / std[channel];
    }
  }
}

/** One line: `count` sums of taps over `from`, every `step` elements from `start` on. */
function filter(
  { taps, starts, weights }: Taps,
  count: number,
  from: ArrayLike<number>,
  start: number,
  step: number,
  to: Float32Array,
  toStart: number,
  toStep: number,
): void {
  for (let i = 0; i < count; i++) {
    let sum = 0;
    let source = start + starts[i] * step;
    for (let t = i * taps; t < (i + 1) * taps; t++, source += step) sum += weights[t] * from[source];
    to[toStart + i * toStep] = sum;
  }
}
