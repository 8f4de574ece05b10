import { checkOptions, givenBytes } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { DECODE_RULES, type DecodeOptions } from './decode-options.ts';
import type { Decoder } from './decoder.ts';

/**
 * Decodes a JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP file (docs/formats.md), of an animation the first frame; turns it upright
 * by its EXIF orientation; converts its colours to sRGB by its ICC profile; lays it on white where it is transparent; and shrinks it.
 * The bytes decide the type, not the name. What a JPEG that is cut short lacks is grey, and `onWarning` is told.
 * @param name names the file in errors
 * @returns layout `rgba`, opaque
 * @throws BagsslError `bad-data` if the bytes are of another type, damaged, truncated, of more than `mostPixels`, or a HEIC where
 * libheif-js is not installed; `bad-argument`
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Promise<Pixels> {
  givenBytes(bytes);
  checkOptions('decodeImage', options, DECODE_RULES);
  const { decodeFile, browserDecoder } = await import('./decode-file.ts');
  chosen ??= options.decoder ? undefined : chooseDecoder(browserDecoder);
  return decodeFile(bytes, name, options, options.decoder ?? (await chosen!));
}

let chosen: Promise<Decoder> | undefined;

/**
 * The platform's decoder: the browser's own; in Node sharp if it is installed; otherwise WebAssembly. Their pixels differ a little, their
 * vectors hardly (docs/formats.md).
 */
async function chooseDecoder(browserDecoder: typeof import('./decode-file.ts').browserDecoder): Promise<Decoder> {
  const onServer = typeof process !== 'undefined' && process.versions?.node;
  return onServer
    ? (await import('./server-decoders.ts')).serverDecoder()
    : browserDecoder(() => import('./late-decoders.ts'));
}
