import { given } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { isA } from '../base/values.ts';
import { bytesAt } from './bytes-at.ts';
import { decodeImage } from './decode.ts';
import { type PixelSource, pixelsFrom } from './pixels-from.ts';
import { SHORT_SIDE } from './shrink.ts';

/** An image in any form: pixels, a picture of a web page, an encoded file's bytes, a URL; in Node and Deno also a path. */
export type AnyImage = Pixels | PixelSource | Uint8Array | URL | string;

/**
 * The pixels of an image in any form. An encoded image is shrunk like the images of a folder: its shorter side stays at least
 * `shortSide` pixels.
 * @throws BagsslError `bad-data` if it cannot be fetched, read or decoded; `bad-argument` for anything but an image
 */
export async function imageFrom(image: AnyImage, shortSide = SHORT_SIDE): Promise<Pixels> {
  if (typeof image === 'string' || isA(image, 'URL'))
    return decodeImage(await bytesAt(image), String(image), { shortSide });
  if (isA(image, 'Uint8Array')) return decodeImage(image, 'the image', { shortSide });
  given(
    typeof image === 'object' && image !== null,
    image,
    'An image',
    'pixels, a Blob, bytes, ImageData, a canvas, a URL or a path',
  );
  return 'layout' in image ? image : pixelsFrom(image, { shortSide });
}
