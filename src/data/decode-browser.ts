import type { Pixels } from '../base/pixels.ts';
import { bitmapPixels } from './bitmap-pixels.ts';
import type { ImageHeader } from './image-header.ts';

/** Decodes with the browser's own decoders, in a page or a worker. */
export async function browserDecoder(bytes: Uint8Array, header: ImageHeader): Promise<Pixels> {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: `image/${header.type}` });
  const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
  try {
    return bitmapPixels(bitmap);
  } finally {
    bitmap.close();
  }
}
