/**
 * An 8-bit image in memory, row by row. `rgba`: interleaved, 4 bytes a pixel (what a canvas gives); alpha is ignored, as
 * Pillow's `convert('RGB')` does. `rgb`: interleaved, 3 bytes. `planar`: all red bytes, then all green, then all blue (what
 * CIFAR files hold). `grey`: one byte a pixel, which stands for all three.
 */
export interface Pixels {
  /** Values 0 to 255, row by row, as `layout` says. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** Pixels, at least 1. */
  readonly width: number;
  /** Pixels, at least 1. */
  readonly height: number;
  /** How the channels of a pixel lie. */
  readonly layout: Layout;
}

/** How the bytes of an image lie: pixel by pixel, or (`planar`) one plane a colour. */
export type Layout = 'rgba' | 'rgb' | 'planar' | 'grey';

/** Bytes a pixel. */
export const BYTES: Readonly<Record<Layout, number>> = { rgba: 4, rgb: 3, planar: 3, grey: 1 };
