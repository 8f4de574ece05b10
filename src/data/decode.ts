import { BagsslError } from '../base/errors.ts';
import { givenBytes } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { type Decoder, MOST_PIXELS } from './decoder.ts';
import { jpegIsWhole, readImageHeader } from './image-header.ts';
import { SHORT_SIDE, shrink } from './shrink.ts';

/** What size is wanted, and how large a picture may be. */
export interface DecodeOptions {
  /** The image is shrunk by a whole factor while its shorter side stays at least this, in pixels. Default 256. */
  readonly shortSide?: number;
  /** The largest image that is decoded, width × height as its header says; default 100 million, which is also the most. */
  readonly mostPixels?: number;
  /** Default: the platform's (a browser's own, sharp in Node where it is installed, else jSquash). */
  readonly decoder?: Decoder;
}

/**
 * Decodes a JPEG, PNG or WebP file, known by its bytes and not by its name, turns it upright as its EXIF orientation
 * says (outside Node with sharp and browsers: JPEG only), and shrinks it.
 * @param name names the file in errors
 * @returns layout `rgba`
 * @throws BagsslError `bad-data` if the bytes are of another kind, damaged, cut short, or claim more than `mostPixels`
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Promise<Pixels> {
  givenBytes(bytes);
  const bad = (what: string, cause?: unknown) => new BagsslError('bad-data', `${name}: ${what}.`, { cause });
  if (bytes.length === 0) throw bad('the file is empty');
  const header = readImageHeader(bytes);
  if (!header) throw bad('the bytes are no JPEG, PNG or WebP image');
  const { type, width, height } = header;
  if (width < 1 || height < 1) throw bad(`the ${type} header is broken or cut short`);
  const most = Math.min(options.mostPixels ?? MOST_PIXELS, MOST_PIXELS);
  if (width * height > most) {
    throw bad(`the ${type} is ${width}×${height} pixels; at most ${most / 1e6} megapixels are decoded`);
  }
  if (type === 'jpeg' && !jpegIsWhole(bytes)) throw bad('the jpeg is cut short');
  const decoder = options.decoder ?? (await defaultDecoder());
  let image: Pixels;
  try {
    image = await decoder(bytes, header);
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    throw bad(`the ${type} does not decode (${reason(cause)})`, cause);
  }
  return shrink(image, options.shortSide ?? SHORT_SIDE);
}

/** The first line of whatever a decoder threw. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message.split('\n')[0] : '';
  return text.slice(0, 200) || 'its decoder gives no reason';
}

let chosen: Promise<Decoder> | undefined;

/**
 * What decodes on this platform: sharp in Node where it is installed, else @jsquash's WebAssembly decoders in Node and
 * Deno, else the browser itself. Decoders differ by a level or two here and there, so the pixels of a photograph are the
 * same only on the same decoder.
 */
export function defaultDecoder(): Promise<Decoder> {
  chosen ??= chooseDecoder();
  return chosen;
}

async function chooseDecoder(): Promise<Decoder> {
  if (typeof process === 'undefined' || !process.versions?.node) {
    return (await import('./decode-browser.ts')).browserDecoder;
  }
  // Deno would ask for permission to run native code.
  if (!('Deno' in globalThis)) {
    const { sharpDecoder } = await import('./decode-sharp.ts');
    const decoder = await sharpDecoder();
    if (decoder) return decoder;
  }
  return (await import('./decode-jsquash.ts')).jsquashDecoder;
}
