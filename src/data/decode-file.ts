import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import type { DecodeOptions } from './decode-options.ts';
import { type Decoded, type Decoder, MOST_PIXELS, SHORT_SIDE } from './decoder.ts';
import { type ImageHeader, readImageHeader } from './image-header.ts';
import { IMAGE_TYPES } from './image-type.ts';
import { onWhite } from './on-white.ts';
import { isText, pngChunks, riffChunks } from './segments.ts';
import { shrink, shrinkFactor } from './shrink.ts';
import { tiffTags } from './tiff-tags.ts';
import { inksToSrgb, toSrgb } from './to-srgb.ts';
import { wholeJpeg } from './whole-jpeg.ts';

export { browserDecoder } from './decoders/browser.ts';

/** As `decodeImage`, with the decoder chosen; loaded with the first image file. */
export async function decodeFile(
  file: Uint8Array,
  name: string,
  options: DecodeOptions,
  decoder: Decoder,
): Promise<Pixels> {
  const bad = (what: string, cause?: unknown) => new BagsslError('bad-data', `${name}: ${what}.`, { cause });
  const warn = (what: string) => options.onWarning?.(`${name}: ${what}.`, name);
  if (file.length === 0) throw bad('the file is empty');
  const header = readImageHeader(file);
  if (!header) throw bad(`the bytes are not a ${IMAGE_TYPES} image`);
  const { type, width, height } = header;
  if (width < 1 || height < 1) throw bad(`the ${type} header is broken or truncated`);
  const most = Math.min(options.mostPixels ?? MOST_PIXELS, MOST_PIXELS);
  if (width * height > most) {
    throw bad(
      `the ${type} is ${width}×${height} pixels; at most ${most / 1e6} megapixels are decoded, so save a smaller copy of it`,
    );
  }
  if (type === 'tiff' && isRaw(file)) throw bad("the tiff is a camera's raw file; export it as a JPEG or TIFF");
  if (isCut(file, header)) throw bad(`the ${type} is truncated`);
  let bytes = file;
  if (type === 'jpeg') {
    const whole = wholeJpeg(file);
    if (!whole) throw bad('the jpeg is truncated before its image data');
    if (whole.missing) warn(`the jpeg lacks image data (${whole.missing}); what is missing is grey`);
    bytes = whole.bytes;
  }
  const shortSide = options.shortSide ?? SHORT_SIDE;
  let image: Decoded;
  try {
    image = await decoder(bytes, header, { factor: shrinkFactor(header, shortSide), warn });
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    throw bad(`the ${type} does not decode (${reason(cause)})`, cause);
  }
  const { profile, inks, shrunk, ...pixels } = image;
  const seen = inks ? pixels : onWhite(pixels);
  const small = shrunk ? seen : shrink(seen, shortSide);
  if (inks) return inksToSrgb(small.data as Uint8Array, small.width, small.height, profile);
  const converted = profile ? toSrgb(small, profile) : small;
  if (!converted) warn('its colour profile is of a kind that is not understood, and taken for sRGB');
  return converted ?? small;
}

/**
 * Whether a PNG has no end, or a WebP is shorter than it says: some decoders fill what is missing and report nothing. What follows
 * the end does not count.
 */
function isCut(bytes: Uint8Array, { type }: ImageHeader): boolean {
  if (type === 'webp') {
    const end = 8 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
    return [...riffChunks(bytes, 12, Math.min(end, bytes.length))].some(({ cut }) => cut);
  }
  return type === 'png' && ![...pngChunks(bytes)].some(({ name, cut }) => name === 'IEND' && !cut);
}

/** Whether the first picture of a TIFF is the thumbnail of a raw one: Canon's mark, Adobe's version, or NewSubfileType 1. */
function isRaw(bytes: Uint8Array): boolean {
  const tags = tiffTags(bytes);
  return isText(bytes, 8, 'CR') || tags?.bytes(50706) !== undefined || tags?.numbers(254)[0] === 1;
}

/** The first line of whatever a decoder threw. */
function reason(cause: unknown): string {
  const text = cause instanceof Error ? cause.message.split('\n')[0] : '';
  return text.slice(0, 200) || 'its decoder gives no reason';
}
