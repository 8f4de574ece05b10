import type { Pixels } from '../../base/pixels.ts';
import { riffChunks } from '../segments.ts';

/** The first frame of an animated WebP as a file of its own, and its place on the canvas; undefined for one that stands still. */
export function firstFrame(bytes: Uint8Array): { bytes: Uint8Array; x: number; y: number } | undefined {
  for (const { name, at, end } of riffChunks(bytes)) {
    if (name !== 'ANMF' || end < at + 16) continue;
    const uint24 = (k: number) => bytes[at + k] + 256 * bytes[at + k + 1] + 65536 * bytes[at + k + 2];
    const parts = [...riffChunks(bytes, at + 16, end)].filter((chunk) => /^(ALPH|VP8 |VP8L)$/.test(chunk.name));
    const alpha = parts.some((chunk) => chunk.name === 'ALPH');
    const body = parts.map((chunk) => bytes.subarray(chunk.start, chunk.end + ((chunk.end - chunk.at) & 1)));
    // Alpha beside lossy data needs the extended header, which holds the size.
    if (alpha) {
      const extended = new Uint8Array(18);
      extended.set([0x56, 0x50, 0x38, 0x58, 10, 0, 0, 0, 0x10]); // VP8X, 10 bytes, alpha
      extended.set(bytes.subarray(at + 6, at + 12), 12);
      body.unshift(extended);
    }
    const size = body.reduce((sum, { length }) => sum + length, 4);
    const file = new Uint8Array(8 + size);
    file.set(bytes.subarray(0, 12));
    new DataView(file.buffer).setUint32(4, size, true);
    let to = 12;
    for (const part of body) {
      file.set(part, to);
      to += part.length;
    }
    return { bytes: file, x: 2 * uint24(0), y: 2 * uint24(3) };
  }
  return undefined;
}

/** A frame on its canvas, transparent around it. */
export function onCanvas(frame: Pixels, x: number, y: number, width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 4);
  const wide = Math.min(frame.width, width - x) * 4;
  for (let row = 0; row < frame.height && y + row < height && wide > 0; row++) {
    const from = row * frame.width * 4;
    data.set(frame.data.subarray(from, from + wide), ((y + row) * width + x) * 4);
  }
  return { data, width, height, layout: 'rgba' };
}
