/** A part of an image file: a segment of a JPEG, a chunk of a PNG or WebP, a box of HEIF. */
export interface Segment {
  /** A JPEG's marker as two hexadecimal digits, else four letters. */
  readonly name: string;
  /** Where the part begins, with what names it. */
  readonly start: number;
  /** Where its content begins. */
  readonly at: number;
  /** Where its content ends; never beyond the file. */
  readonly end: number;
  /** Whether the file ends before the part does. */
  readonly cut: boolean;
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const letters = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));

/** Whether `text` is in the bytes at `at`, a byte a character. */
export function isText(bytes: Uint8Array, at: number, text: string): boolean {
  return bytes.length >= at + text.length && [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));
}

/** The segments of a JPEG, up to and with the header of its first scan (`da`). */
export function* jpegSegments(bytes: Uint8Array): Generator<Segment, void, void> {
  const view = viewOf(bytes);
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    // Fill bytes, and markers without a segment.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker === 0xd9) return;
    else {
      const end = at + 2 + Math.max(2, view.getUint16(at + 2));
      yield part(marker.toString(16).padStart(2, '0'), at, at + 4, end, bytes);
      if (marker === 0xda) return;
      at = end;
    }
  }
}

/** The chunks of a PNG. */
export function* pngChunks(bytes: Uint8Array): Generator<Segment, void, void> {
  const view = viewOf(bytes);
  for (let at = 8, end: number; at + 8 <= bytes.length; at = end + 4) {
    end = at + 8 + view.getUint32(at);
    yield part(letters(bytes, at + 4), at, at + 8, end, bytes);
  }
}

/** The chunks of a WebP, or those inside the bytes `from` … `to`. */
export function* riffChunks(bytes: Uint8Array, from = 12, to = bytes.length): Generator<Segment, void, void> {
  const view = viewOf(bytes);
  for (let at = from, end: number; at + 8 <= to; at = end + (end & 1)) {
    end = at + 8 + view.getUint32(at + 4, true);
    yield part(letters(bytes, at), at, at + 8, end, bytes);
  }
}

/** The boxes of HEIF (ISO/IEC 14496-12) in the bytes `from` … `to`. */
export function* boxes(bytes: Uint8Array, from = 0, to = bytes.length): Generator<Segment, void, void> {
  const view = viewOf(bytes);
  for (let at = from, end: number; at + 8 <= to; at = end) {
    const long = view.getUint32(at) === 1 && at + 16 <= to;
    const size = long ? view.getUint32(at + 8) * 2 ** 32 + view.getUint32(at + 12) : view.getUint32(at) || to - at;
    end = at + Math.max(8, size);
    yield part(letters(bytes, at + 4), at, at + (long ? 16 : 8), end, bytes);
  }
}

function part(name: string, start: number, at: number, end: number, bytes: Uint8Array): Segment {
  return { name, start, at, end: Math.min(end, bytes.length), cut: end > bytes.length };
}
