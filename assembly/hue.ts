import { planeFloats } from './tile';

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
