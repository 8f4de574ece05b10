import type { Decoder } from './decoder.ts';
import { decodeBmp } from './decoders/bmp.ts';
import { decodeGif } from './decoders/gif.ts';
import { decodeHeic } from './decoders/heic.ts';
import { decodeByJsquash } from './decoders/jsquash.ts';
import { sharpDecoder } from './decoders/sharp.ts';
import { checkTiff, decodeInkJpeg, decodeTiff } from './decoders/utif.ts';
import { isPremultiplied } from './heif-turns.ts';
import { tiffTags } from './tiff-tags.ts';

/** Decodes with WebAssembly and JavaScript alone, on this thread. */
export const portableDecoder: Decoder = async (bytes, header) => {
  const { type } = header;
  if (type === 'heic') return decodeHeic(bytes);
  if (type === 'bmp') return decodeBmp(bytes);
  if (type === 'gif') return decodeGif(bytes, header);
  if (type === 'tiff') return decodeTiff(bytes, header);
  if (type === 'jpeg' && header.inks) return decodeInkJpeg(bytes, header);
  return decodeByJsquash(bytes, header, type);
};

/**
 * Decodes with sharp, and what sharp does not know as without it: HEIC and BMP, animated AVIF, some kinds of TIFF; and GIF, of which it
 * makes black what the first frame leaves out, and AVIF whose alpha is multiplied in, which it leaves so. Undefined if sharp does not load.
 */
export async function nativeDecoder(): Promise<Decoder | undefined> {
  const sharp = await sharpDecoder();
  if (!sharp) return undefined;
  return async (bytes, header, request) => {
    const { type } = header;
    const own = type === 'heic' || type === 'bmp' || type === 'gif' || (type === 'avif' && isPremultiplied(bytes));
    if (own) return portableDecoder(bytes, header, request);
    if (type === 'tiff') checkTiff(tiffTags(bytes));
    if (type !== 'avif' && type !== 'tiff') return sharp(bytes, header, request);
    return sharp(bytes, header, request).catch((error) =>
      portableDecoder(bytes, header, request).catch(() => {
        throw error;
      }),
    );
  };
}

/** The decoder of Node and Deno: sharp if it is installed. Not sharp in Deno, which would ask to run native code. */
export async function serverDecoder(): Promise<Decoder> {
  return ('Deno' in globalThis ? undefined : await nativeDecoder()) ?? portableDecoder;
}
