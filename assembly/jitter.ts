import { clamp01, grey, planeFloats } from './lib/tile';

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

// Hue in sixths of a turn, h ∈ [0, 6). With chroma C = max - min (Foley et al.; the hexcone of torchvision's _rgb2hsv):
//   max = r: (g - b) / C;   max = g: 2 + (b - r) / C;   max = b: 4 + (r - g) / C.
// Back: f(n) = max - C · clamp01(min(k, 4 - k)), k = (n + h) mod 6; r, g, b = f(5), f(3), f(1).
// Value and chroma stay as they were, so neither saturation nor a clamp is needed.

/** v mod 6 for v ∈ [0, 12). */
function modulo6(v: v128): v128 {
  const six = f32x4.splat(6);
  return v128.bitselect(f32x4.sub(v, six), v, f32x4.ge(v, six));
}

function channel(most: v128, chroma: v128, k: v128): v128 {
  const ramp = f32x4.pmin(k, f32x4.sub(f32x4.splat(4), k));
  const share = f32x4.pmax(f32x4.pmin(ramp, f32x4.splat(1)), f32x4.splat(0));
  return f32x4.sub(most, f32x4.mul(chroma, share));
}

/** Turns the hue of every pixel; `turn` in turns, -0.5 to 0.5. Pixels without colour stay as they are. */
export function hue(tile: usize, size: i32, turn: f64): void {
  // f(n) looks at n + h + 6 · turn, brought into [0, 12) before the modulo: the whole turn is added here once.
  const shift = <f32>(turn < 0 ? 6 + 6 * turn : 6 * turn);
  const plane = (<usize>planeFloats(size)) << 2;
  const end = tile + plane;
  for (let p = tile; p < end; p += 16) {
    const r = v128.load(p);
    const g = v128.load(p + plane);
    const b = v128.load(p + 2 * plane);
    const most = f32x4.pmax(r, f32x4.pmax(g, b));
    const chroma = f32x4.sub(most, f32x4.pmin(r, f32x4.pmin(g, b)));
    const redMost = f32x4.eq(most, r);
    const greenMost = f32x4.eq(most, g);
    const rise = v128.bitselect(f32x4.sub(g, b), v128.bitselect(f32x4.sub(b, r), f32x4.sub(r, g), greenMost), redMost);
    const sector = v128.bitselect(f32x4.splat(0), v128.bitselect(f32x4.splat(2), f32x4.splat(4), greenMost), redMost);
    // Without chroma the quotient is replaced by 0 / 1; the ramp is multiplied by chroma 0 anyway.
    const divisor = v128.bitselect(f32x4.splat(1), chroma, f32x4.eq(chroma, f32x4.splat(0)));
    const angle = f32x4.add(sector, f32x4.div(rise, divisor));
    // angle ∈ [-1, 5]: + 6 where negative, then + shift ∈ [0, 6).
    const positive = v128.bitselect(f32x4.add(angle, f32x4.splat(6)), angle, f32x4.lt(angle, f32x4.splat(0)));
    const turned = modulo6(f32x4.add(positive, f32x4.splat(shift)));
    v128.store(p, channel(most, chroma, modulo6(f32x4.add(turned, f32x4.splat(5)))));
    v128.store(p + plane, channel(most, chroma, modulo6(f32x4.add(turned, f32x4.splat(3)))));
    v128.store(p + 2 * plane, channel(most, chroma, modulo6(f32x4.add(turned, f32x4.splat(1)))));
  }
}
