import type { Pixels } from '../../base/pixels.ts';
import { bitmapPixels } from '../bitmap-pixels.ts';
import type { Decoder } from '../decoder.ts';
import type { ImageHeader } from '../image-header.ts';
import { pngChunks, riffChunks } from '../segments.ts';
import { turn } from '../turn.ts';

/** What is loaded when a HEIC or TIFF comes that the browser does not know, or a JPEG of inks, of which each makes other colours. */
export interface LateDecoders {
  readonly decodeInkJpeg: (bytes: Uint8Array, header: ImageHeader) => ReturnType<Decoder>;
  readonly decodeHeic: (bytes: Uint8Array) => ReturnType<Decoder>;
  readonly decodeTiff: (bytes: Uint8Array, header: ImageHeader) => ReturnType<Decoder>;
}

/** The browser's own decoders, in a page or a worker, and others for what they lack. */
export function browserDecoder(late: () => Promise<LateDecoders>): Decoder {
  return async (bytes, header) => {
    const { type, orientation } = header;
    if (type === 'jpeg' && header.inks) return (await late()).decodeInkJpeg(bytes, header);
    try {
      // Browsers turn a JPEG; of a PNG or WebP some do and some do not, so none is told.
      if (type !== 'png' && type !== 'webp') return await pixelsOf(bytes, type);
      return turn(await pixelsOf(still(bytes, type), type), orientation);
    } catch (error) {
      if (type === 'heic') return (await late()).decodeHeic(bytes);
      if (type === 'tiff') return (await late()).decodeTiff(bytes, header);
      throw error;
    }
  };
}

async function pixelsOf(bytes: Uint8Array, type: string): Promise<Pixels> {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>], { type: `image/${type}` });
  const bitmap = await createImageBitmap(blob, { imageOrientation: 'from-image' });
  try {
    return bitmapPixels(bitmap);
  } finally {
    bitmap.close();
  }
}

/** Without EXIF; and a PNG without its animation, whose first frame need not be the picture that other decoders know. */
function still(bytes: Uint8Array, type: 'png' | 'webp'): Uint8Array {
  const chunks = type === 'png' ? pngChunks(bytes) : riffChunks(bytes);
  const parts = [...chunks].filter(({ name }) => /^(exif|actl)$/i.test(name));
  if (parts.length === 0) return bytes;
  let copy = bytes.slice();
  for (const { start, end } of parts.reverse()) {
    // Readers of WebP pass over what they do not know; a PNG's chunk would need another checksum.
    if (type === 'webp') copy[start] = 0x78;
    else copy = copy.copyWithin(start, end + 4).subarray(0, start - end - 4);
  }
  return copy;
}
