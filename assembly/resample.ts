import { planeFloats, whole } from './lib/tile';

// Separable resampling, rows first as PyTorch does. A table holds, for each output position, where its taps start
// (int32, whole(size) of them) and then `taps` weights a position (float32): out[i] = Σ_t weight[i][t] · in[start[i] + t],
// added from t = 0. The host makes the tables (and folds the flip and the division by 255 into them).

/** One row of pixels of `bytes` bytes, 3 or 4, as vectors (r, g, b, ·): may read one byte further. */
function rowOfPixels(from: usize, bytes: usize, width: i32, row: usize): void {
  const end = row + ((<usize>width) << 4);
  for (; row < end; row += 16, from += bytes) {
    const lanes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from)));
    v128.store(row, f32x4.convert_i32x4_u(lanes));
  }
}

/** One row of three byte planes as vectors (r, g, b, g), four pixels at a time: may read and write 3 pixels further. */
function rowOfPlanes(from: usize, plane: usize, width: i32, row: usize): void {
  for (let i: usize = 0; i < <usize>width; i += 4) {
    const r = v128.load32_zero(from + i);
    const g = v128.load32_zero(from + plane + i);
    const b = v128.load32_zero(from + 2 * plane + i);
    const rgrg = v128.shuffle<i8>(r, g, 0, 16, 1, 17, 2, 18, 3, 19, 0, 16, 1, 17, 2, 18, 3, 19);
    const bgbg = v128.shuffle<i8>(b, g, 0, 16, 1, 17, 2, 18, 3, 19, 0, 16, 1, 17, 2, 18, 3, 19);
    const pixels = v128.shuffle<i16>(rgrg, bgbg, 0, 8, 1, 9, 2, 10, 3, 11);
    const low = i16x8.extend_low_i8x16_u(pixels);
    const high = i16x8.extend_high_i8x16_u(pixels);
    const out = row + (i << 4);
    v128.store(out, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(low)));
    v128.store(out, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(low)), 16);
    v128.store(out, f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(high)), 32);
    v128.store(out, f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(high)), 48);
  }
}

/** One output pixel (r, g, b, ·) of a row. */
function across(row: usize, start: usize, weights: usize, taps: i32): v128 {
  let pixel = row + ((<usize>load<i32>(start)) << 4);
  let sum = f32x4.mul(v128.load(pixel), v128.load32_splat(weights));
  if (taps == 2) return f32x4.add(sum, f32x4.mul(v128.load(pixel, 16), v128.load32_splat(weights, 4)));
  for (let t = 1; t < taps; t++) {
    pixel += 16;
    weights += 4;
    sum = f32x4.add(sum, f32x4.mul(v128.load(pixel), v128.load32_splat(weights)));
  }
  return sum;
}

/** A row of pixels filtered to `size` positions; red, green and blue go to `out`, `plane` bytes apart. */
function filterRow(row: usize, size: i32, table: usize, taps: i32, out: usize, plane: usize): void {
  const step = (<usize>taps) << 2;
  let weights = table + ((<usize>whole(size)) << 2);
  for (let i: usize = 0; i < <usize>size; i += 4) {
    const start = table + (i << 2);
    const p0 = across(row, start, weights, taps);
    const p1 = across(row, start + 4, weights + step, taps);
    const p2 = across(row, start + 8, weights + 2 * step, taps);
    const p3 = across(row, start + 12, weights + 3 * step, taps);
    weights += 4 * step;
    const rg01 = v128.shuffle<i32>(p0, p1, 0, 4, 1, 5);
    const rg23 = v128.shuffle<i32>(p2, p3, 0, 4, 1, 5);
    const b01 = v128.shuffle<i32>(p0, p1, 2, 6, 3, 7);
    const b23 = v128.shuffle<i32>(p2, p3, 2, 6, 3, 7);
    const to = out + (i << 2);
    v128.store(to, v128.shuffle<i64>(rg01, rg23, 0, 2));
    v128.store(to + plane, v128.shuffle<i64>(rg01, rg23, 1, 3));
    v128.store(to + 2 * plane, v128.shuffle<i64>(b01, b23, 0, 2));
  }
}

/**
 * Rows of a crop of an interleaved image (`bytes` a pixel, 3 or 4; `stride` pixels a row), filtered across: `rows` receives
 * three planes of `height` rows of whole(size) floats. `row` is room for `width` vectors.
 */
export function rowsInterleaved(
  source: usize,
  stride: i32,
  bytes: i32,
  x: i32,
  y: i32,
  width: i32,
  height: i32,
  size: i32,
  table: usize,
  taps: i32,
  row: usize,
  rows: usize,
): void {
  const pitch = (<usize>whole(size)) << 2;
  for (let i = 0; i < height; i++) {
    rowOfPixels(source + (<usize>(y + i) * <usize>stride + <usize>x) * <usize>bytes, <usize>bytes, width, row);
    filterRow(row, size, table, taps, rows + <usize>i * pitch, pitch * <usize>height);
  }
}

/** The same from three planes of bytes, `plane` bytes apart (0: one plane for all); `row` is room for `width` + 3 vectors. */
export function rowsPlanar(
  source: usize,
  stride: i32,
  plane: usize,
  x: i32,
  y: i32,
  width: i32,
  height: i32,
  size: i32,
  table: usize,
  taps: i32,
  row: usize,
  rows: usize,
): void {
  const pitch = (<usize>whole(size)) << 2;
  for (let i = 0; i < height; i++) {
    rowOfPlanes(source + <usize>(y + i) * <usize>stride + <usize>x, plane, width, row);
    filterRow(row, size, table, taps, rows + <usize>i * pitch, pitch * <usize>height);
  }
}

/** Filters `rows` downwards into the tile; the last row may write up to 3 floats past its plane, before the next one. */
export function columns(rows: usize, height: i32, size: i32, table: usize, taps: i32, tile: usize): void {
  const pitch = (<usize>whole(size)) << 2;
  const plane = (<usize>planeFloats(size)) << 2;
  const weights = table + pitch;
  for (let channel: usize = 0; channel < 3; channel++) {
    const from = rows + channel * <usize>height * pitch;
    const to = tile + channel * plane;
    for (let y: usize = 0; y < <usize>size; y++) {
      const first = from + <usize>load<i32>(table + (y << 2)) * pitch;
      const weight = weights + ((y * <usize>taps) << 2);
      const out = to + ((y * <usize>size) << 2);
      if (taps == 2) {
        // Every enlargement: the same sum without a loop.
        const w0 = v128.load32_splat(weight);
        const w1 = v128.load32_splat(weight, 4);
        for (let x: usize = 0; x < pitch; x += 16) {
          const upper = f32x4.mul(v128.load(first + x), w0);
          v128.store(out + x, f32x4.add(upper, f32x4.mul(v128.load(first + pitch + x), w1)));
        }
        continue;
      }
      for (let x: usize = 0; x < pitch; x += 16) {
        let at = first + x;
        let w = weight;
        let sum = f32x4.mul(v128.load(at), v128.load32_splat(w));
        for (let t = 1; t < taps; t++) {
          at += pitch;
          w += 4;
          sum = f32x4.add(sum, f32x4.mul(v128.load(at), v128.load32_splat(w)));
        }
        v128.store(out + x, sum);
      }
    }
  }
}
