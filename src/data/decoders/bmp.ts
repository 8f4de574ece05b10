import type { Decoded } from '../decoder.ts';

/** Palette entries of 8 bits and less; bit masks of the colours of 16 and 32, where the file gives none. */
const MASKS: Record<number, readonly number[]> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  32: [0xff0000, 0x00ff00, 0x0000ff, 0],
};

/**
 * Decodes a BMP of Windows or OS/2: 1, 2, 4 or 8 bits with a palette, also run-length encoded, and 16, 24 or 32 bits, by any masks.
 * No native decoder of Node knows it. https://learn.microsoft.com/windows/win32/gdi/bitmap-header-types
 */
export function decodeBmp(bytes: Uint8Array): Decoded {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const u32 = (at: number) => view.getUint32(at, true);
  const old = u32(14) === 12;
  const [width, tall] = old
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [view.getInt32(18, true), view.getInt32(22, true)];
  const height = Math.abs(tall);
  const bits = view.getUint16(old ? 24 : 28, true);
  const method = old ? 0 : u32(30);
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`${bits} bits a pixel`);
  if (![0, 1, 2, 3, 6].includes(method)) throw new Error(`compression ${method}`);
  const start = u32(10);
  const data = new Uint8Array(width * height * 4);
  // Rows from the bottom, unless the height is negative.
  const row = (y: number) => (tall < 0 ? y : height - 1 - y) * width * 4;

  if (bits <= 8) {
    const entry = old ? 3 : 4;
    const palette = 14 + u32(14) + (method === 3 ? 12 : 0);
    const put = (at: number, index: number) => {
      const from = palette + Math.min(index, (1 << bits) - 1) * entry;
      data.set([view.getUint8(from + 2), view.getUint8(from + 1), view.getUint8(from), 255], at);
    };
    if (method === 1 || method === 2)
      runs(bytes.subarray(start), width, height, method === 2, (x, y, i) => put(row(y) + 4 * x, i));
    else {
      const stride = Math.ceil((width * bits) / 32) * 4;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const bit = x * bits;
          const byte = view.getUint8(start + y * stride + (bit >> 3));
          put(row(y) + 4 * x, (byte >> (8 - bits - (bit & 7))) & ((1 << bits) - 1));
        }
      }
    }
    return { data, width, height, layout: 'rgba' };
  }

  const size = bits / 8;
  const stride = Math.ceil((width * size) / 4) * 4;
  // The masks are in the header of version 4 and 5, and behind that of version 3: the same place.
  const given = method === 3 || method === 6;
  const hasAlpha = given && (u32(14) >= 56 || method === 6);
  const masks = given ? [0, 1, 2, 3].map((k) => (k === 3 && !hasAlpha ? 0 : u32(54 + 4 * k))) : (MASKS[bits] ?? []);
  const channels = masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { mask, shift, most: mask >>> shift };
  });
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = start + y * stride, to = row(y); x < width; x++, at += size, to += 4) {
      if (bits === 24) {
        data.set([view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at), 255], to);
        continue;
      }
      const value = bits === 16 ? view.getUint16(at, true) : u32(at);
      for (const [c, { mask, shift, most }] of channels.entries()) {
        data[to + c] = most === 0 ? (c === 3 ? 255 : 0) : Math.round((((value & mask) >>> shift) / most) * 255);
      }
    }
  }
  return { data, width, height, layout: 'rgba' };
}

/** RLE8 and RLE4: what a row leaves out has the palette's first colour. */
function runs(
  bytes: Uint8Array,
  width: number,
  height: number,
  nibbles: boolean,
  put: (x: number, y: number, index: number) => void,
) {
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) put(x, y, 0);
  let [x, y, at] = [0, 0, 0];
  const place = (index: number) => {
    if (x < width && y < height) put(x, y, index);
    x++;
  };
  const pixel = (byte: number, k: number) => (nibbles ? (k & 1 ? byte & 15 : byte >> 4) : byte);
  while (at + 1 < bytes.length && y < height) {
    const [count, value] = [bytes[at], bytes[at + 1]];
    at += 2;
    if (count > 0) for (let k = 0; k < count; k++) place(pixel(value, k));
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) return;
    else if (value === 2) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      for (let k = 0; k < value; k++) place(pixel(bytes[at + (nibbles ? k >> 1 : k)] ?? 0, k));
      const length = nibbles ? (value + 1) >> 1 : value;
      at += length + (length & 1);
    }
  }
}
