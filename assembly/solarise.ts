import { planeFloats } from './lib/tile';

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
