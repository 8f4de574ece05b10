import { BagsslError } from './errors.ts';
import { isA } from './values.ts';

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

/** Longest side of an image, in pixels. */
const LONGEST = 65_535;

/**
 * Refuses an image whose size, layout and number of bytes do not agree.
 * @throws BagsslError `bad-argument`
 */
export function checkPixels(pixels: Pixels, name = 'image'): void {
  const { data, width, height, layout } = Object(pixels) as Pixels;
  for (const [what, v] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (!Number.isInteger(v) || v < 1 || v > LONGEST) {
      throw new BagsslError(
        'bad-argument',
        `${name}: ${what} is ${v}; it must be a whole number from 1 to ${LONGEST}.`,
      );
    }
  }
  if (!Object.hasOwn(BYTES, layout)) {
    const known = Object.keys(BYTES).join(', ');
    throw new BagsslError('bad-argument', `${name}: layout is ${JSON.stringify(layout)}; it must be one of ${known}.`);
  }
  if (!isA(data, 'Uint8Array') && !isA(data, 'Uint8ClampedArray')) {
    throw new BagsslError('bad-argument', `${name}: data must be a Uint8Array or a Uint8ClampedArray.`);
  }
  const expected = width * height * BYTES[layout];
  if (data.length !== expected) {
    throw new BagsslError(
      'bad-argument',
      `${name}: data holds ${data.length} bytes; ${width}×${height} ${layout} needs ${expected}.`,
    );
  }
}
