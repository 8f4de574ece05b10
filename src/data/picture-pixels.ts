import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import { isA, tagOf } from '../base/values.ts';
import { bitmapPixels } from './bitmap-pixels.ts';
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

/** As `pixelsFrom`, for all but files. */
export async function picturePixels(source: Exclude<PixelSource, Blob>, mostPixels = MOST_PIXELS): Promise<Pixels> {
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
