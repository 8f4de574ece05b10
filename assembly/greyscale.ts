import { grey, planeFloats } from './lib/tile';

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
