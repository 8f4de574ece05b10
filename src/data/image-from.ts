import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';
import { BYTES, checkPixels, type Layout, type Pixels } from '../base/pixels.ts';
import { isA, tagOf } from '../base/values.ts';
import { bytesAt } from './bytes-at.ts';
import { decodeImage } from './decode.ts';
import { SHORT_SIDE } from './decoder.ts';
import { onWhite } from './on-white.ts';
import type { PixelSource } from './picture-pixels.ts';

/** Pixels without a layout, as pngjs, jpeg-js and node-canvas give them: it follows from the length of `data`. */
export type PlainPixels = Omit<Pixels, 'layout'> & { readonly layout?: undefined };

/**
 * An image in any form: pixels; a picture of a web page; an encoded file's bytes (a `Buffer` too), Blob or File; a URL; in Node and
 * Deno also a path.
 */
export type AnyImage = Pixels | PlainPixels | PixelSource | Uint8Array | ArrayBuffer | URL | string;

const ASKED = 'pixels ({ data, width, height }), a Blob, bytes, ImageData, a canvas, a URL or a path';

/**
 * The pixels of an image in any form. An encoded image is shrunk like the images of a folder: its shorter side stays at least
 * `shortSide` pixels. What is transparent is laid on white.
 * @throws BagsslError `bad-data` if it cannot be fetched, read or decoded; `bad-argument` for anything but an image
 */
export async function imageFrom(image: AnyImage, shortSide = SHORT_SIDE): Promise<Pixels> {
  const options = { shortSide };
  if (typeof image === 'string' || isA(image, 'URL')) return decodeImage(await bytesAt(image), String(image), options);
  if (isA(image, 'Uint8Array')) return decodeImage(image, 'the image', options);
  if (isA(image, 'ArrayBuffer')) return decodeImage(new Uint8Array(image), 'the image', options);
  given(typeof image === 'object' && image !== null && !ArrayBuffer.isView(image), image, 'An image', ASKED);
  if ('layout' in image && image.layout !== undefined) return laid(image);
  if (isA(image, 'Blob') || isA(image, 'File')) {
    const name = 'name' in image ? String(image.name) : 'the blob';
    return decodeImage(new Uint8Array(await image.arrayBuffer()), name, options);
  }
  if (!('data' in image) || isA(image, 'ImageData')) {
    const { picturePixels } = await import('./picture-pixels.ts');
    return picturePixels(image as Exclude<PixelSource, Blob>);
  }
  return laid({ ...(image as PlainPixels), layout: layoutOf(image as PlainPixels) });
}

function laid(pixels: Pixels): Pixels {
  checkPixels(pixels, 'The image');
  return onWhite(pixels);
}

/** Bytes a pixel say it: 1, 3 or 4. */
function layoutOf({ data, width, height }: PlainPixels): Layout {
  const layout = (['rgba', 'rgb', 'grey'] as const).find((one) => data?.length === width * height * BYTES[one]);
  if (layout) return layout;
  throw new BagsslError(
    'bad-argument',
    `The image's data are ${isA(data, 'Uint8Array') || isA(data, 'Uint8ClampedArray') ? `${data.length} bytes` : `of the type ${tagOf(data)}`}; ${width}×${height} pixels are ${width * height * 4} bytes of rgba, ${width * height * 3} of rgb, or ${width * height} of grey, as a Uint8Array or Uint8ClampedArray.`,
  );
}
