/**
 * A tile is one patch in float32: red, green and blue plane, `size` × `size` each, rows without gaps. A plane takes a
 * multiple of four floats, so that loops over vectors may run past its last pixel without meeting the next plane.
 */
export function planeFloats(size: i32): i32 {
  return (size * size + 3) & ~3;
}

/** `n` rounded up to whole vectors of four. */
export function whole(n: i32): i32 {
  return (n + 3) & ~3;
}

/** v limited to 0..1; pmin and pmax are one instruction each. Twin: v > 1 ? 1 : v < 0 ? 0 : v. */
export function clamp01(v: v128): v128 {
  return f32x4.pmax(f32x4.pmin(v, f32x4.splat(1)), f32x4.splat(0));
}

/** Grey of a colour, torchvision's rgb_to_grayscale: 0.2989 r + 0.587 g + 0.114 b, added from the left. */
export function grey(r: v128, g: v128, b: v128): v128 {
  const rg = f32x4.add(f32x4.mul(r, f32x4.splat(0.2989)), f32x4.mul(g, f32x4.splat(0.587)));
  return f32x4.add(rg, f32x4.mul(b, f32x4.splat(0.114)));
}
