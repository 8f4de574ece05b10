import { planeFloats } from './lib/tile';

// Crops that need no resampling: bytes to floats in 0..1, v / 255, mirrored when `flip` is set.

/** Four pixels' bytes, one in each 32-bit lane, as floats in 0..1. */
function unit(lanes: v128): v128 {
  return f32x4.div(f32x4.convert_i32x4_u(lanes), f32x4.splat(255));
}

function mirrored(v: v128): v128 {
  return v128.shuffle<i32>(v, v, 3, 2, 1, 0);
}

/** Four pixels of `bytes` bytes, 3 or 4, each in a lane of 32 bits; what the last byte of a lane holds does not matter. */
function fourPixels(from: usize, bytes: i32): v128 {
  const pixels = v128.load(from);
  return bytes == 4 ? pixels : v128.shuffle<u8>(pixels, pixels, 0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
}

/**
 * `source`: red, green and blue byte side by side, `bytes` a pixel (3 or 4), `stride` pixels a row; the crop's corner is
 * (x, y). May read 4 bytes past the crop.
 */
export function copyInterleaved(
  source: usize,
  stride: i32,
  bytes: i32,
  x: i32,
  y: i32,
  size: i32,
  flip: bool,
  tile: usize,
): void {
  const plane = (<usize>planeFloats(size)) << 2;
  const mask = i32x4.splat(0xff);
  const vectors = size & ~3;
  for (let row = 0; row < size; row++) {
    const from = source + (<usize>(y + row) * <usize>stride + <usize>x) * <usize>bytes;
    const to = tile + ((<usize>(row * size)) << 2);
    for (let i = 0; i < vectors; i += 4) {
      let pixels = fourPixels(from + <usize>(i * bytes), bytes);
      if (flip) pixels = mirrored(pixels);
      const out = to + ((<usize>(flip ? size - 4 - i : i)) << 2);
      v128.store(out, unit(v128.and(pixels, mask)));
      v128.store(out + plane, unit(v128.and(i32x4.shr_u(pixels, 8), mask)));
      v128.store(out + 2 * plane, unit(v128.and(i32x4.shr_u(pixels, 16), mask)));
    }
    for (let i = vectors; i < size; i++) {
      const pixel = from + <usize>(i * bytes);
      const out = to + ((<usize>(flip ? size - 1 - i : i)) << 2);
      f32.store(out, <f32>load<u8>(pixel) / 255);
      f32.store(out + plane, <f32>load<u8>(pixel, 1) / 255);
      f32.store(out + 2 * plane, <f32>load<u8>(pixel, 2) / 255);
    }
  }
}

/** `source`: three planes of bytes, `sourcePlane` bytes apart (0: one plane for all), `stride` pixels a row. */
export function copyPlanar(
  source: usize,
  stride: i32,
  sourcePlane: usize,
  x: i32,
  y: i32,
  size: i32,
  flip: bool,
  tile: usize,
): void {
  const plane = (<usize>planeFloats(size)) << 2;
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
