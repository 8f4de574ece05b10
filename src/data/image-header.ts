import type { Pixels } from '../base/pixels.ts';

/** What the first bytes of an image file say. */
export interface ImageHeader {
  /** The file's format. */
  readonly type: 'jpeg' | 'png' | 'webp';
  /** Pixels, as stored: before EXIF orientation is applied. */
  readonly width: number;
  /** Pixels, as stored. */
  readonly height: number;
}

/** The formats that are decoded, for messages. */
export const FORMATS = 'JPEG, PNG or WebP';

/** Decodes a JPEG, PNG or WebP file to `rgba` pixels at full size, upright. Rejects if the bytes do not decode. */
export type Decoder = (bytes: Uint8Array, header: ImageHeader) => Promise<Pixels>;

/** The largest image that is decoded, in pixels: 400 MB in memory for a moment, and more than any camera's photograph. */
export const MOST_PIXELS = 100_000_000;

/**
 * The type and size of a JPEG, PNG or WebP file, from its bytes and not its name, without decoding it.
 * @returns undefined if the bytes are of another type; width and height 0 if the header is broken or cut short
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const is = (text: string, at: number) =>
    bytes.length >= at + text.length && [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));
  if (is('\xff\xd8\xff', 0)) return { type: 'jpeg', ...jpegSize(view) };
  if (is('\x89PNG\r\n\x1a\n', 0)) {
    const size = is('IHDR', 12) && bytes.length >= 24 && { width: view.getUint32(16), height: view.getUint32(20) };
    return { type: 'png', ...(size || NO_SIZE) };
  }
  if (is('RIFF', 0) && is('WEBP', 8)) {
    const size = bytes.length >= 30 && webpSize(view, is);
    return { type: 'webp', ...(size || NO_SIZE) };
  }
  return undefined;
}

const NO_SIZE = { width: 0, height: 0 };

/** Walks the segments of a JPEG to its frame header. */
function jpegSize(view: DataView): { width: number; height: number } {
  let at = 2;
  while (at + 9 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    // Fill bytes, and markers without a segment.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker === 0xd9 || marker === 0xda) break;
    // SOF0 to SOF15, but for DHT (C4), JPG (C8) and DAC (CC).
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    } else at += 2 + view.getUint16(at + 2);
  }
  return NO_SIZE;
}

function webpSize(view: DataView, is: (text: string, at: number) => boolean) {
  const uint24 = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65536;
  // Extended: the canvas size minus one. Lossless: two fields of 14 bits, minus one. Lossy: a key frame's header.
  if (is('VP8X', 12)) return { width: uint24(24) + 1, height: uint24(27) + 1 };
  if (is('VP8L', 12)) {
    const fields = view.getUint32(21, true);
    return { width: (fields & 0x3fff) + 1, height: ((fields >>> 14) & 0x3fff) + 1 };
  }
  if (is('VP8 ', 12)) return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  return undefined;
}

/** Whether a JPEG has its end marker. Some decoders fill a missing end with grey and report nothing. */
export function jpegIsWhole(bytes: Uint8Array): boolean {
  // FF is escaped inside the image data, so the first FF D9 after the first scan's header is the end. An earlier one may
  // belong to a thumbnail.
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff && bytes[at + 1] !== 0xda) {
    const alone = bytes[at + 1] === 0x01 || (bytes[at + 1] >= 0xd0 && bytes[at + 1] <= 0xd8);
    at += bytes[at + 1] === 0xff ? 1 : alone ? 2 : 2 + view.getUint16(at + 2);
  }
  for (let i = bytes.indexOf(0xff, at + 2); i >= 0; i = bytes.indexOf(0xff, i + 1)) {
    if (bytes[i + 1] === 0xd9) return true;
  }
  return false;
}
