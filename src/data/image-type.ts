/** The formats of image files that are decoded. */
export type ImageType = 'jpeg' | 'png' | 'webp' | 'gif' | 'avif' | 'heic' | 'tiff' | 'bmp';

/** The formats, for messages. */
export const IMAGE_TYPES = 'JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF or BMP';

/** How many of a file's first bytes say its type. */
export const TYPE_BYTES = 128;

/** Brands of HEIF (ISO/IEC 23008-12): HEVC still images and sequences, and any codec. */
const HEIF = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1', 'mif2'];

/**
 * The format of an image file, by its first bytes and not its name.
 * @param start at least the first `TYPE_BYTES` bytes, or the whole file if it is shorter
 * @returns undefined for anything that is not one of these formats
 */
export function imageTypeOf(start: Uint8Array): ImageType | undefined {
  const text = String.fromCharCode(...start.subarray(0, TYPE_BYTES));
  if (text.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (/^GIF8[79]a/.test(text)) return 'gif';
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return 'webp';
  // Big TIFF (43) too.
  if (/^(II[*+]\0|MM\0[*+])/.test(text)) return 'tiff';
  // Two letters are little: the size of the header that follows must be one of those there are.
  if (text.startsWith('BM') && [12, 16, 40, 52, 56, 64, 108, 124].includes(uint32(start, 14))) return 'bmp';
  if (text.startsWith('ftyp', 4)) return heifType(text, start);
  return undefined;
}

/** The main brand, and where that is of any codec, the brands beside it. */
function heifType(text: string, start: Uint8Array): ImageType | undefined {
  const length = Math.min(uint32(start, 0, false), text.length);
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= length; at += 4) brands.push(text.slice(at, at + 4));
  if (!HEIF.includes(brands[0]) && !/^avi[fs]$/.test(brands[0])) return undefined;
  const codec = brands.find((brand) => /^(avi[fs]|he[iv][cxms])$/.test(brand));
  return codec?.startsWith('avi') ? 'avif' : 'heic';
}

function uint32(bytes: Uint8Array, at: number, littleEndian = true): number {
  if (bytes.length < at + 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, littleEndian);
}
