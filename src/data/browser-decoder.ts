import type { Pixels } from '../base/pixels.ts';
import type { ImageHeader } from './image-header.ts';

/** Pixels of one strip: some browsers refuse canvases of more than 16 megapixels. */
const STRIP = 4_000_000;

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

/** A bitmap's pixels, read through canvases; in a page or a worker. */
export function bitmapPixels(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const rows = Math.min(height, Math.max(1, Math.floor(STRIP / width)));
  const context = new OffscreenCanvas(width, rows).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser gives no 2D canvas');
  // Otherwise the strip before would show through transparent pixels.
  context.globalCompositeOperation = 'copy';
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += rows) {
    const tall = Math.min(rows, height - y);
    context.drawImage(bitmap, 0, -y);
    data.set(context.getImageData(0, 0, width, tall).data, y * width * 4);
  }
  return { data, width, height, layout: 'rgba' };
}
