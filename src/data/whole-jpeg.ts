import { jpegSegments } from './segments.ts';

/** Zero bytes in a row that no encoder writes where they mean anything but a plain area. */
const MANY = 64;

/**
 * A JPEG with its end marker, and what its image data lack: decoders fill a missing end with grey, and report nothing or refuse.
 * @returns the same bytes if they have an end; `missing` says what is wrong, if anything; undefined if there are no image data
 */
export function wholeJpeg(bytes: Uint8Array): { bytes: Uint8Array; missing?: string } | undefined {
  let start = bytes.length;
  let tables: Tables = { plain: true, progressive: false };
  for (const { name, at, end } of jpegSegments(bytes)) {
    if (name === 'c4') tables = { ...tables, plain: tables.plain && plainIsZeros(bytes.subarray(at, end)) };
    if (name === 'c2') tables = { ...tables, progressive: true };
    if (name === 'da') start = end;
  }
  if (start >= bytes.length) return undefined;
  // FF is escaped inside the image data, so the first FF D9 after the first scan's header is the end. An earlier one may
  // belong to a thumbnail.
  let end = -1;
  for (let i = bytes.indexOf(0xff, start); i >= 0 && end < 0; i = bytes.indexOf(0xff, i + 1)) {
    if (bytes[i + 1] === 0xd9) end = i;
  }
  if (end < 0) {
    const cut = bytes[bytes.length - 1] === 0xff ? bytes.length - 1 : bytes.length;
    const ended = new Uint8Array(cut + 2);
    ended.set(bytes.subarray(0, cut));
    ended.set([0xff, 0xd9], cut);
    return { bytes: ended, missing: 'the file is cut short' };
  }
  return { bytes, missing: zeros(bytes, start, end, tables) ? 'a part of the file is zeros' : undefined };
}

interface Tables {
  /** Whether zero bits may mean a plain area in every table. */
  readonly plain: boolean;
  readonly progressive: boolean;
}

/**
 * Whether zero bits mean no difference and no detail in all tables of a DHT segment (ITU-T T.81, B.2.4.2). The first code of each is
 * all zeros; it stands for the first symbol. In the tables of the standard, Annex K, that of AC is a coefficient.
 */
function plainIsZeros(segment: Uint8Array): boolean {
  for (let at = 0; at + 17 <= segment.length; ) {
    const count = segment.subarray(at + 1, at + 17).reduce((sum, n) => sum + n, 0);
    const symbol = segment[at + 17];
    // DC: no difference. AC: the end of the block, or of several in a progressive file.
    if (segment[at] >> 4 === 0 ? symbol !== 0 : (symbol & 15) !== 0 || symbol === 0xf0) return false;
    at += 17 + count;
  }
  return true;
}

/**
 * Whether image data has a run of zeros that stands for nothing: where zeros would be detail; or in a progressive file before the
 * end, which encoders pad with ones (T.81, F.1.2.3). Nothing can be said of a file whose tables are made for plain areas.
 */
function zeros(bytes: Uint8Array, from: number, to: number, { plain, progressive }: Tables): boolean {
  let end = to;
  while (end > from && bytes[end - 1] === 0) end--;
  if (plain && !progressive) return false;
  if (to - end >= MANY) return true;
  if (progressive) return false;
  for (let i = bytes.indexOf(0, from); i >= 0 && i < to; i = bytes.indexOf(0, i + 1)) {
    let run = i;
    while (run < to && bytes[run] === 0) run++;
    if (run - i >= MANY) return true;
    i = run;
  }
  return false;
}
