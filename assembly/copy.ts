import { planeFloats } from './tile';

// Crops that need no resampling: bytes to floats in 0..1, v / 255, mirrored when `flip` is set.

/** Four pixels' bytes, one in each 32-bit lane, as floats in 0..1. */
function unit(lanes: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_u(lanes), f32x4.splat(255));
}

function mirrored(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 3, 2, 1, 0);
}

/** `source`: RGBA bytes, `stride` pixels a row; the crop's corner is (x, y). */
export function copyRgba(source: usize, stride: i32, x: i32, y: i32, size: i32, flip: bool, tile: usize): void {
  const plane = (<usize>planeFloats(size)) << 2;
  const mask = i32x4.splat(0xff);
  const vectors = size & ~3;
  for (let row = 0; row < size; row++) {
    const from = source + ((<usize>(y + row) * <usize>stride + <usize>x) << 2);
    const to = tile + ((<usize>(row * size)) << 2);
    for (let i = 0; i < vectors; i += 4) {
      let pixels = v128.load(from + ((<usize>i) << 2));
      if (flip) pixels = mirrored(pixels);
      const out = to + ((<usize>(flip ? size - 4 - i : i)) << 2);
      v128.store(out, unit(v128.and(pixels, mask)));
      v128.store(out + plane, unit(v128.and(i32x4.shr_u(pixels, 8), mask)));
      v128.store(out + 2 * plane, unit(v128.and(i32x4.shr_u(pixels, 16), mask)));
    }
    for (let i = vectors; i < size; i++) {
      const pixel = from + ((<usize>i) << 2);
      const out = to + ((<usize>(flip ? size - 1 - i : i)) << 2);
      f32.store(out, <f32>load<u8>(pixel) / 255);
      f32.store(out + plane, <f32>load<u8>(pixel, 1) / 255);
      f32.store(out + 2 * plane, <f32>load<u8>(pixel, 2) / 255);
    }
  }
}

/** `source`: three planes of bytes, `stride` × `rows` each. */
export function copyPlanar(
  source: usize,
  stride: i32,
  rows: i32,
  x: i32,
  y: i32,
  size: i32,
  flip: bool,
  tile: usize,
): void {
  const plane = (<usize>planeFloats(size)) << 2;
  const sourcePlane = <usize>stride * <usize>rows;
  const vectors = size & ~3;
  for (let channel = 0; channel < 3; channel++) {
    const corner = source + <usize>channel * sourcePlane + <usize>y * <usize>stride + <usize>x;
    for (let row = 0; row < size; row++) {
      const from = corner + <usize>row * <usize>stride;
      const to = tile + <usize>channel * plane + ((<usize>(row * size)) << 2);
      for (let i = 0; i < vectors; i += 4) {
        let lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from + <usize>i)));
        if (flip) lanes = mirrored(lanes);
        v128.store(to + ((<usize>(flip ? size - 4 - i : i)) << 2), unit(lanes));
      }
      for (let i = vectors; i < size; i++) {
        f32.store(to + ((<usize>(flip ? size - 1 - i : i)) << 2), <f32>load<u8>(from + <usize>i) / 255);
      }
    }
  }
}
