// Twins of assembly/colour.ts: a tile is [3, n] floats in 0..1, changed in place, each operation rounded to float32.

const { fround } = Math;
const [R, G, B] = [fround(0.2989), fround(0.587), fround(0.114)];

/** f32 clamp to 0..1. */
export function clamp01(v: number): number {
  const below = v > 1 ? 1 : v;
  return below < 0 ? 0 : below;
}

function grey(tile: Float32Array, n: number, i: number): number {
  return fround(fround(fround(tile[i] * R) + fround(tile[n + i] * G)) + fround(tile[2 * n + i] * B));
}

/** clamp(f · v). */
export function brightness(tile: Float32Array, factor: number): void {
  const f = fround(factor);
  for (let i = 0; i < tile.length; i++) tile[i] = clamp01(fround(tile[i] * f));
}

/** Mean grey, in the order the kernel adds: four lanes over blocks of 256 pixels, blocks in float64, then the rest. */
function meanGrey(tile: Float32Array, n: number): number {
  let total = 0;
  const whole = n & ~3;
  for (let from = 0; from < whole; from += 256) {
    const sum = [0, 0, 0, 0];
    for (let i = from; i < Math.min(from + 256, whole); i++) sum[i & 3] = fround(sum[i & 3] + grey(tile, n, i));
    for (const lane of sum) total += lane;
  }
  for (let i = whole; i < n; i++) total += grey(tile, n, i);
  return fround(total / n);
}

/** clamp(f · v + (1 - f) · mean grey). */
export function contrast(tile: Float32Array, factor: number): void {
  const f = fround(factor);
  const rest = fround(fround(1 - factor) * meanGrey(tile, tile.length / 3));
  for (let i = 0; i < tile.length; i++) tile[i] = clamp01(fround(fround(tile[i] * f) + rest));
}

/** clamp(f · v + (1 - f) · grey). */
export function saturation(tile: Float32Array, factor: number): void {
  const n = tile.length / 3;
  const f = fround(factor);
  const rest = fround(1 - factor);
  for (let i = 0; i < n; i++) {
    const dull = fround(grey(tile, n, i) * rest);
    for (let at = i; at < tile.length; at += n) tile[at] = clamp01(fround(fround(tile[at] * f) + dull));
  }
}

/** Every channel becomes the grey. */
export function greyscale(tile: Float32Array): void {
  const n = tile.length / 3;
  for (let i = 0; i < n; i++) tile[i] = tile[n + i] = tile[2 * n + i] = grey(tile, n, i);
}

/** v ≥ threshold ? 1 - v : v. */
export function solarise(tile: Float32Array, threshold: number): void {
  const t = fround(threshold);
  for (let i = 0; i < tile.length; i++) if (tile[i] >= t) tile[i] = fround(1 - tile[i]);
}
