import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, givenBytes, LIMIT, type Rules } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { browserDecoder } from './browser-decoder.ts';
import { type Decoder, FORMATS, jpegIsWhole, MOST_PIXELS, readImageHeader } from './image-header.ts';
import { SHORT_SIDE, shrink } from './shrink.ts';

/** How an image file is decoded. */
export interface DecodeOptions {
  /** The image is shrunk by the largest whole factor that keeps its shorter side at least this, in pixels. Default 256. */
  readonly shortSide?: number;
  /** The largest image that is decoded, width × height as its header says. Default and maximum: 100 million. */
  readonly mostPixels?: number;
  /** Default: the browser's own; in Node sharp if it is installed; otherwise jSquash. */
  readonly decoder?: Decoder;
}

export const DECODE_RULES: Rules<DecodeOptions> = { shortSide: LIMIT, mostPixels: LIMIT, decoder: FUNCTION };

/**
 * Decodes a JPEG, PNG or WebP file, turns it upright by its EXIF orientation (jSquash: JPEG only), and shrinks it. The bytes
 * decide the type, not the name.
 * @param name names the file in errors
 * @returns layout `rgba`
 * @throws BagsslError `bad-data` if the bytes are of another type, damaged, truncated, or of more than `mostPixels`;
 * `bad-argument`
 */
export async function decodeImage(bytes: Uint8Array, name: string, options: DecodeOptions = {}): Promise<Pixels> {
  givenBytes(bytes);
  checkOptions('decodeImage', options, DECODE_RULES);
  const bad = (what: string, cause?: unknown) => new BagsslError('bad-data', `${name}: ${what}.`, { cause });
  if (bytes.length === 0) throw bad('the file is empty');
  const header = readImageHeader(bytes);
  if (!header) throw bad(`the bytes are not a ${FORMATS} image`);
  const { type, width, height } = header;
  if (width < 1 || height < 1) throw bad(`the ${type} header is broken or truncated`);
  const most = Math.min(options.mostPixels ?? MOST_PIXELS, MOST_PIXELS);
  if (width * height > most) {
    throw bad(`the ${type} is ${width}×${height} pixels; at most ${most / 1e6} megapixels are decoded`);
  }
  if (type === 'jpeg' && !jpegIsWhole(bytes)) throw bad('the jpeg is truncated');
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
 * The platform's decoder: the browser's own; sharp in Node if it is installed; otherwise @jsquash. Decoders differ by a level or
 * two in places, so a photograph has the same pixels only with the same decoder.
 */
export function defaultDecoder(): Promise<Decoder> {
  chosen ??= chooseDecoder();
  return chosen;
}

async function chooseDecoder(): Promise<Decoder> {
  const onServer = typeof process !== 'undefined' && process.versions?.node;
  return onServer ? (await import('./server-decoders.ts')).serverDecoder() : browserDecoder;
}
