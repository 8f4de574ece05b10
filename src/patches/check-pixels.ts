import { BagsslError } from '../errors.ts';
import { isA } from '../is-a.ts';
import { BYTES, type Pixels } from './pixels.ts';

/** Longest side of an image, in pixels. */
const LONGEST = 65_535;

/**
 * Refuses an image whose size, layout and number of bytes do not agree.
 * @throws BagsslError `bad-argument`
 */
export function checkPixels(pixels: Pixels, name = 'image'): void {
  const { data, width, height, layout } = pixels;
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
