import { type ImageType, imageTypeOf } from './image-type.ts';
import { boxes, isText, jpegSegments, pngChunks, riffChunks, type Segment } from './segments.ts';
import { HEIGHT, ORIENTATION, PHOTOMETRIC, type TiffTags, tiffTags, WIDTH } from './tiff-tags.ts';

/** What an image file says of itself before it is decoded. */
export interface ImageHeader {
  /** The file's format. */
  readonly type: ImageType;
  /** Pixels, as stored: before EXIF orientation is applied. */
  readonly width: number;
  /** Pixels, as stored. */
  readonly height: number;
  /** How the stored image must be turned, as EXIF counts: 1 (upright) to 8. AVIF and HEIC, which turn as they decode, have 1. */
  readonly orientation: number;
  /** Whether the colours are inks (CMYK or YCCK) in place of light. */
  readonly inks: boolean;
}

type Facts = Partial<Omit<ImageHeader, 'type'>>;

/**
 * The type, size and orientation of an image file, from its bytes and not its name, without decoding it.
 * @returns undefined if the bytes are of another type; width and height 0 if the header is broken or cut short
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const type = imageTypeOf(bytes);
  if (!type) return undefined;
  const facts = READERS[type](bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  return { type, width: 0, height: 0, orientation: 1, inks: false, ...facts };
}

const READERS: Record<ImageType, (bytes: Uint8Array, view: DataView) => Facts> = {
  jpeg(bytes, view) {
    // Of several EXIF segments the first counts, as in browsers.
    let orientation = 0;
    for (const { name, at, end, cut } of jpegSegments(bytes)) {
      if (name === 'e1' && orientation === 0 && isText(bytes, at, 'Exif\0'))
        orientation = orientationOf(tiffTags(bytes.subarray(at + 6, end)));
      // SOF0 to SOF15, but for DHT (C4), JPG (C8) and DAC (CC).
      if (!/^c[0-35-79-bd-f]$/.test(name) || cut || end < at + 6) continue;
      return {
        height: view.getUint16(at + 1),
        width: view.getUint16(at + 3),
        inks: bytes[at + 5] === 4,
        orientation: orientation || 1,
      };
    }
    return {};
  },

  png(bytes, view) {
    if (!isText(bytes, 12, 'IHDR') || bytes.length < 24) return {};
    const exif = first(pngChunks(bytes), 'eXIf');
    const orientation = exif ? orientationOf(tiffTags(bytes.subarray(exif.at, exif.end))) : 1;
    return { width: view.getUint32(16), height: view.getUint32(20), orientation };
  },

  webp(bytes, view) {
    if (bytes.length < 30) return {};
    const exif = first(riffChunks(bytes), 'EXIF');
    // Some writers keep the marker of a JPEG's segment.
    const from = exif && isText(bytes, exif.at, 'Exif\0\0') ? exif.at + 6 : exif?.at;
    return {
      ...webpSize(bytes, view),
      orientation: exif ? orientationOf(tiffTags(bytes.subarray(from, exif.end))) : 1,
    };
  },

  gif(bytes, view) {
    if (bytes.length < 13) return {};
    const u16 = (at: number) => (at + 2 <= bytes.length ? view.getUint16(at, true) : 0);
    let at = bytes[10] & 0x80 ? 13 + 3 * (2 << (bytes[10] & 7)) : 13;
    // Extensions, in blocks, before the first frame.
    for (; bytes[at] === 0x21; at++) for (at += 2; bytes[at] > 0; ) at += 1 + bytes[at];
    // A frame that is larger than the canvas enlarges it, as in browsers.
    const [right, below] = bytes[at] === 0x2c ? [u16(at + 1) + u16(at + 5), u16(at + 3) + u16(at + 7)] : [0, 0];
    return { width: Math.max(u16(6), right), height: Math.max(u16(8), below) };
  },

  bmp(bytes, view) {
    if (bytes.length < 26) return {};
    if (view.getUint32(14, true) === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
    return { width: Math.max(0, view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
  },

  tiff(bytes) {
    const tags = tiffTags(bytes);
    const [width = 0] = tags?.numbers(WIDTH) ?? [];
    const [height = 0] = tags?.numbers(HEIGHT) ?? [];
    return { width, height, orientation: orientationOf(tags), inks: tags?.numbers(PHOTOMETRIC)[0] === 5 };
  },

  avif: heifSize,
  heic: heifSize,
};

function webpSize(bytes: Uint8Array, view: DataView): Facts {
  const uint24 = (at: number) => view.getUint16(at, true) + bytes[at + 2] * 65536;
  // Extended: the canvas size minus one. Lossless: two fields of 14 bits, minus one. Lossy: a key frame's header.
  if (isText(bytes, 12, 'VP8X')) return { width: uint24(24) + 1, height: uint24(27) + 1 };
  if (isText(bytes, 12, 'VP8L')) {
    const fields = view.getUint32(21, true);
    return { width: (fields & 0x3fff) + 1, height: ((fields >>> 14) & 0x3fff) + 1 };
  }
  if (isText(bytes, 12, 'VP8 '))
    return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
  return {};
}

/** The largest of the images inside, which the whole is: others are its tiles and thumbnail. */
function heifSize(bytes: Uint8Array, view: DataView): Facts {
  const size = { width: 0, height: 0 };
  for (const { at, end } of heifProperties(bytes, 'ispe')) {
    if (at + 12 > end) continue;
    const [width, height] = [view.getUint32(at + 4), view.getUint32(at + 8)];
    if (width * height > size.width * size.height) Object.assign(size, { width, height });
  }
  return size;
}

/** The properties in a HEIF file, of one name or all: meta → iprp → ipco. */
export function* heifProperties(bytes: Uint8Array, name?: string): Generator<Segment, void, void> {
  const meta = first(boxes(bytes), 'meta');
  const iprp = meta && first(boxes(bytes, meta.at + 4, meta.end), 'iprp');
  const ipco = iprp && first(boxes(bytes, iprp.at, iprp.end), 'ipco');
  if (!ipco) return;
  for (const box of boxes(bytes, ipco.at, ipco.end)) if (!name || box.name === name) yield box;
}

function first(segments: Iterable<Segment>, name: string): Segment | undefined {
  for (const segment of segments) if (segment.name === name) return segment;
  return undefined;
}

function orientationOf(tags: TiffTags | undefined): number {
  const [value = 1] = tags?.numbers(ORIENTATION) ?? [];
  const { at = 0, end = 0 } = tags?.bytes(ORIENTATION) ?? {};
  // Browsers pass over one that is not of two bytes.
  if (end - at !== 2) return 1;
  return value >= 1 && value <= 8 ? value : 1;
}
