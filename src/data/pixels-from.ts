import { BagsslError } from '../base/errors.ts';
import { checkOptions, given } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { isA, tagOf } from '../base/values.ts';
import { bitmapPixels } from './bitmap-pixels.ts';
import { decodeImage } from './decode.ts';
import { DECODE_RULES, type DecodeOptions } from './decode-options.ts';
import { MOST_PIXELS } from './decoder.ts';
import { onWhite } from './on-white.ts';

/** The objects that hold pictures in a web page. */
export type PixelSource =
  | Blob
  | ImageData
  | ImageBitmap
  | VideoFrame
  | HTMLImageElement
  | HTMLVideoElement
  | HTMLCanvasElement
  | OffscreenCanvas;

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
  const { mostPixels = MOST_PIXELS } = options;
  if (isA(source, 'Blob') || isA(source, 'File')) {
    const bytes = new Uint8Array(await source.arrayBuffer());
    return decodeImage(bytes, 'name' in source ? String(source.name) : 'the blob', { shortSide: Infinity, ...options });
  }
  const { name, width, height } = sizeOf(source);
  if (!(width >= 1 && height >= 1)) {
    throw new BagsslError('bad-data', `The ${name} is ${width}×${height} pixels; wait until it has loaded.`);
  }
  if (width * height > mostPixels) {
    throw new BagsslError(
      'bad-data',
      `The ${name} is ${width}×${height} pixels; the limit is ${mostPixels} (mostPixels).`,
    );
  }
  if (isA(source, 'ImageData')) {
    return onWhite({ data: source.data as Uint8ClampedArray, width, height, layout: 'rgba' });
  }
  try {
    const bitmap = isA(source, 'ImageBitmap') ? source : await createImageBitmap(source as ImageBitmapSource);
    try {
      return bitmapPixels(bitmap);
    } finally {
      if (bitmap !== source) bitmap.close();
    }
  } catch (cause) {
    throw new BagsslError('bad-data', `The ${name} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** The picture's own size in pixels, not the size it is shown at. */
function sizeOf(source: Exclude<PixelSource, Blob>): { name: string; width: number; height: number } {
  const name = tagOf(source);
  const any = source as unknown as Record<string, number | undefined>;
  const width = any.naturalWidth ?? any.videoWidth ?? any.displayWidth ?? any.width;
  const height = any.naturalHeight ?? any.videoHeight ?? any.displayHeight ?? any.height;
  if (typeof width !== 'number' || typeof height !== 'number') {
    throw new BagsslError(
      'bad-argument',
      `Pixels cannot be read from ${name}; give a Blob, ImageData, ImageBitmap, VideoFrame, canvas, img or video.`,
    );
  }
  return { name, width, height };
}
