/**
 * An 8-bit image in memory. `rgba`: interleaved R G B A, 4 bytes a pixel, row by row (what a canvas gives).
 * `planar`: all red bytes, then all green, then all blue (what CIFAR files hold). Alpha is ignored.
 */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels, at least 1. */
  readonly width: number;
  /** Pixels, at least 1. */
  readonly height: number;
  readonly layout: 'rgba' | 'planar';
}
