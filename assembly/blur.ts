import { planeFloats, whole } from './lib/tile';

// torchvision's GaussianBlur as two passes of one symmetric row of weights w[0..radius], from the middle outwards:
//   out[x] = w[0] · in[x] + Σ_{t ≥ 1} w[t] · (in[x - t] + in[x + t]),   added from t = 1,
// first across, then down. Beyond an edge the tile is mirrored without repeating the edge itself, so radius < size.

/** `at` brought into 0 … size - 1 by mirroring. */
function mirror(at: i32, size: i32): i32 {
  if (at < 0) return -at;
  return at < size ? at : 2 * size - 2 - at;
}

/** One row across: `line` receives it with both ends mirrored. */
function across(row: usize, size: i32, weights: usize, radius: i32, line: usize, out: usize): void {
  const middle = line + ((<usize>radius) << 2);
  const last = (<usize>(size - 1)) << 2;
  memory.copy(middle, row, (<usize>size) << 2);
  for (let t: usize = 4; t <= (<usize>radius) << 2; t += 4) {
    f32.store(middle - t, f32.load(row + t));
    f32.store(middle + last + t, f32.load(row + last - t));
  }
  for (let x: usize = 0; x < (<usize>whole(size)) << 2; x += 16) {
    let left = middle + x;
    let right = left;
    let w = weights;
    let sum = f32x4.mul(v128.load(left), v128.load32_splat(w));
    for (let t = 1; t <= radius; t++) {
      left -= 4;
      right += 4;
      w += 4;
      sum = f32x4.add(sum, f32x4.mul(f32x4.add(v128.load(left), v128.load(right)), v128.load32_splat(w)));
    }
    v128.store(out + x, sum);
  }
}

/**
 * `line` is room for whole(size) + 2 · radius floats, `rows` for three planes of `size` rows of whole(size). All planes go
 * across before the first goes down, because a plane's last row may write up to 3 floats past it, into the next.
 */
export function blur(tile: usize, size: i32, weights: usize, radius: i32, line: usize, rows: usize): void {
  const plane = (<usize>planeFloats(size)) << 2;
  const pitch = (<usize>whole(size)) << 2;
  for (let channel: usize = 0; channel < 3; channel++) {
    for (let y: usize = 0; y < <usize>size; y++) {
      const row = tile + channel * plane + ((y * <usize>size) << 2);
      across(row, size, weights, radius, line, rows + (channel * <usize>size + y) * pitch);
    }
  }
  for (let channel: usize = 0; channel < 3; channel++) {
    const from = rows + channel * <usize>size * pitch;
    for (let y = 0; y < size; y++) {
      const out = tile + channel * plane + ((<usize>(y * size)) << 2);
      for (let x: usize = 0; x < pitch; x += 16) {
        let w = weights;
        let sum = f32x4.mul(v128.load(from + <usize>y * pitch + x), v128.load32_splat(w));
        for (let t = 1; t <= radius; t++) {
          w += 4;
          const above = v128.load(from + <usize>mirror(y - t, size) * pitch + x);
          const below = v128.load(from + <usize>mirror(y + t, size) * pitch + x);
          sum = f32x4.add(sum, f32x4.mul(f32x4.add(above, below), v128.load32_splat(w)));
        }
        v128.store(out + x, sum);
      }
    }
  }
}
