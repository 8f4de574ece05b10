import { checkOptions, given } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { isA } from '../base/values.ts';
import { decodeImage } from './decode.ts';
import { DECODE_RULES, type DecodeOptions } from './decode-options.ts';
import { type PixelSource, picturePixels } from './picture-pixels.ts';

export type { PixelSource };

/**
 * The pixels of any picture in a web page, at full size and upright: the EXIF orientation of an image and the rotation of a
 * video are applied. A Blob is an encoded file. Deno and Node have no canvas and take only Blobs and ImageData.
 * @param options `mostPixels` is the largest picture accepted, width × height; default 100 million
 * @returns layout `rgba`, opaque: what is transparent is laid on white. Opaque ImageData shares its memory, everything else is a copy
 * @throws BagsslError `bad-data` for pictures that are empty, too large, not loaded, damaged, or of another origin;
 * `bad-argument`
 */
export async function pixelsFrom(source: PixelSource, options: DecodeOptions = {}): Promise<Pixels> {
  given(
    typeof source === 'object' && source !== null,
    source,
    'The picture',
    'a Blob, ImageData, ImageBitmap, VideoFrame, canvas, img or video',
  );
  checkOptions('pixelsFrom', options, DECODE_RULES);
  const { mostPixels } = options;
  if (isA(source, 'Blob') || isA(source, 'File')) {
    const bytes = new Uint8Array(await source.arrayBuffer());
    return decodeImage(bytes, 'name' in source ? String(source.name) : 'the blob', { shortSide: Infinity, ...options });
  }
  return picturePixels(source, mostPixels);
}
