import { clamp01, grey, planeFloats } from './tile';

// torchvision's colour changes on a tile of floats in 0..1, in place.
// _blend(a, b, f) = clamp(f · a + (1 - f) · b), with f and 1 - f rounded to float32.

/** clamp(f · v). */
export function brightness(tile: usize, size: i32, factor: f64): void {
  const f = f32x4.splat(<f32>factor);
  const end = tile + ((<usize>planeFloats(size) * 3) << 2);
  for (let p = tile; p < end; p += 16) v128.store(p, clamp01(f32x4.mul(v128.load(p), f)));
}

/** Sums in float32 are kept to this many vectors, then added up in float64, so that large tiles lose nothing. */
const BLOCK: usize = 64;

/** Mean grey of the tile. */
function meanGrey(tile: usize, size: i32): f32 {
  const plane = (<usize>planeFloats(size)) << 2;
  const pixels = <usize>(size * size);
  const vectors = pixels >> 2;
  let total: f64 = 0;
  for (let from: usize = 0; from < vectors; from += BLOCK) {
    let sum = f32x4.splat(0);
    const to = min(from + BLOCK, vectors);
    for (let i = from; i < to; i++) {
      const p = tile + (i << 4);
      sum = f32x4.add(sum, grey(v128.load(p), v128.load(p + plane), v128.load(p + 2 * plane)));
    }
    total += <f64>f32x4.extract_lane(sum, 0);
    total += <f64>f32x4.extract_lane(sum, 1);
    total += <f64>f32x4.extract_lane(sum, 2);
    total += <f64>f32x4.extract_lane(sum, 3);
  }
  for (let i = vectors << 2; i < pixels; i++) {
    const p = tile + (i << 2);
    const g = grey(v128.load32_zero(p), v128.load32_zero(p + plane), v128.load32_zero(p + 2 * plane));
    total += <f64>f32x4.extract_lane(g, 0);
  }
  return <f32>(total / <f64>pixels);
}

/** clamp(f · v + (1 - f) · mean grey). */
export function contrast(tile: usize, size: i32, factor: f64): void {
  const f = f32x4.splat(<f32>factor);
  const rest = f32x4.splat(<f32>(1 - factor) * meanGrey(tile, size));
  const end = tile + ((<usize>planeFloats(size) * 3) << 2);
  for (let p = tile; p < end; p += 16) v128.store(p, clamp01(f32x4.add(f32x4.mul(v128.load(p), f), rest)));
}

/** clamp(f · v + (1 - f) · grey). */
export function saturation(tile: usize, size: i32, factor: f64): void {
  const f = f32x4.splat(<f32>factor);
  const rest = f32x4.splat(<f32>(1 - factor));
  const plane = (<usize>planeFloats(size)) << 2;
  const end = tile + plane;
  for (let p = tile; p < end; p += 16) {
    const r = v128.load(p);
    const g = v128.load(p + plane);
    const b = v128.load(p + 2 * plane);
    const dull = f32x4.mul(grey(r, g, b), rest);
    v128.store(p, clamp01(f32x4.add(f32x4.mul(r, f), dull)));
    v128.store(p + plane, clamp01(f32x4.add(f32x4.mul(g, f), dull)));
    v128.store(p + 2 * plane, clamp01(f32x4.add(f32x4.mul(b, f), dull)));
  }
}

/** Every channel becomes the grey. */
export function greyscale(tile: usize, size: i32): void {
  const plane = (<usize>planeFloats(size)) << 2;
  const end = tile + plane;
  for (let p = tile; p < end; p += 16) {
    const g = grey(v128.load(p), v128.load(p + plane), v128.load(p + 2 * plane));
    v128.store(p, g);
    v128.store(p + plane, g);
    v128.store(p + 2 * plane, g);
  }
}

/** v ≥ threshold ? 1 - v : v. */
export function solarise(tile: usize, size: i32, threshold: f64): void {
  const t = f32x4.splat(<f32>threshold);
  const one = f32x4.splat(1);
  const end = tile + ((<usize>planeFloats(size) * 3) << 2);
  for (let p = tile; p < end; p += 16) {
    const v = v128.load(p);
    v128.store(p, v128.bitselect(f32x4.sub(one, v), v, f32x4.ge(v, t)));
  }
}
