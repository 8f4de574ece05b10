import { planeFloats } from './lib/tile';

/** out = (v - mean) / std, planes without gaps: one patch of a float32 NCHW batch. May write 3 floats past the end. */
function normalisePlane(plane: usize, pixels: usize, mean: f32, std: f32, out: usize): void {
  const m = f32x4.splat(mean);
  const s = f32x4.splat(std);
  for (let i: usize = 0; i < pixels; i += 4) {
    const at = i << 2;
    v128.store(out + at, f32x4.div(f32x4.sub(v128.load(plane + at), m), s));
  }
}

/** The three channels in order: what one writes past its end, the next one overwrites. */
export function normalise(
  tile: usize,
  size: i32,
  meanR: f32,
  meanG: f32,
  meanB: f32,
  stdR: f32,
  stdG: f32,
  stdB: f32,
  out: usize,
): void {
  const plane = (<usize>planeFloats(size)) << 2;
  const pixels = <usize>(size * size);
  normalisePlane(tile, pixels, meanR, stdR, out);
  normalisePlane(tile + plane, pixels, meanG, stdG, out + (pixels << 2));
  normalisePlane(tile + 2 * plane, pixels, meanB, stdB, out + (pixels << 3));
}
