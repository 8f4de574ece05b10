/** The entries of a TIFF's first directory, which are also what EXIF is made of, by their tags. */
export interface TiffTags {
  /** The numbers of an entry of bytes, shorts or longs; the first `most` of them. */
  numbers(tag: number, most?: number): number[];
  /** Where an entry's bytes are, from the start of the TIFF; undefined if it is absent or beyond the end. */
  bytes(tag: number): { at: number; end: number } | undefined;
}

/** Bytes of a value, by the type of its entry. */
export const SIZES = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
/** Tags that are read here. */
export const WIDTH = 256;
export const HEIGHT = 257;
export const PHOTOMETRIC = 262;
export const ORIENTATION = 274;
export const PROFILE = 34675;

/**
 * Reads the first directory of a TIFF (version 6) or BigTIFF.
 * @returns undefined if the bytes are not a TIFF
 */
export function tiffTags(bytes: Uint8Array): TiffTags | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 16) return undefined;
  const little = view.getUint16(0) === 0x4949;
  const version = view.getUint16(2, little);
  if (!(little || view.getUint16(0) === 0x4d4d) || (version !== 42 && version !== 43)) return undefined;
  const big = version === 43;
  const long = (at: number) => view.getUint32(at, little);
  /** An offset or a count. */
  const whole = (at: number) => {
    if (!big) return long(at);
    return long(little ? at : at + 4) + 2 ** 32 * long(little ? at + 4 : at);
  };
  const [wide, entry, head] = big ? [8, 20, 8] : [4, 12, 2];
  const first = whole(big ? 8 : 4);
  const entries = new Map<number, { type: number; count: number; at: number; end: number }>();
  if (first + head <= bytes.length) {
    const count = big ? whole(first) : view.getUint16(first, little);
    for (let i = 0, at = first + head; i < count && at + entry <= bytes.length; i++, at += entry) {
      const type = view.getUint16(at + 2, little);
      const many = whole(at + 4);
      const size = many * (SIZES[type] ?? 0);
      const place = size <= wide ? at + 4 + wide : whole(at + 4 + wide);
      if (place + size <= bytes.length) {
        entries.set(view.getUint16(at, little), { type, count: many, at: place, end: place + size });
      }
    }
  }
  return {
    numbers(tag, most = 1) {
      const { type, count, at } = entries.get(tag) ?? { type: 0, count: 0, at: 0 };
      const read = { 1: (k: number) => bytes[at + k], 3: (k: number) => view.getUint16(at + 2 * k, little) }[type];
      const value = read ?? (type === 4 || type === 16 ? (k: number) => wholeAt(type, at, k) : undefined);
      return value ? Array.from({ length: Math.min(count, most) }, (_, k) => value(k)) : [];
    },
    bytes: (tag) => entries.get(tag),
  };

  function wholeAt(type: number, at: number, k: number): number {
    if (type === 4) return long(at + 4 * k);
    const place = at + 8 * k;
    return long(little ? place : place + 4) + 2 ** 32 * long(little ? place + 4 : place);
  }
}
