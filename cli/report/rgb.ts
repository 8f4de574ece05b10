import { Buffer } from 'node:buffer';
import type { Pixels } from '../../src/patches.ts';

/** A small picture: R G B, 3 bytes a pixel, row by row. */
export interface Rgb {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** An image shrunk to at most `most` pixels a side, each the mean of a square of the original. */
export function thumbnail({ data, width, height, layout }: Pixels, most: number): Rgb {
  const factor = Math.max(1, Math.ceil(Math.max(width, height) / most));
  const [w, h] = [Math.max(1, Math.floor(width / factor)), Math.max(1, Math.floor(height / factor))];
  const [pixel, channel] = layout === 'planar' ? [1, width * height] : [4, 1];
  const out = new Uint8Array(w * h * 3);
  for (let i = 0; i < out.length; i++) {
    const left = (Math.floor(i / 3) % w) * factor;
    const top = Math.floor(i / 3 / w) * factor;
    // An image narrower than the factor has fewer columns to average.
    const [right, bottom] = [Math.min(width, left + factor), Math.min(height, top + factor)];
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) sum += data[(y * width + x) * pixel + (i % 3) * channel];
    }
    out[i] = Math.round(sum / ((right - left) * (bottom - top)));
  }
  return { data: out, width: w, height: h };
}

const HEADER = 54;

/** A picture as the data URI of a Windows bitmap, which every browser shows and which needs no compression. */
export function bitmap({ data, width, height }: Rgb): string {
  const stride = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(HEADER + stride * height);
  file.write('BM', 0, 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(HEADER, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.writeUInt32LE(stride * height, 34);
  // Rows run from the bottom up; each pixel is blue, green, red.
  for (let y = 0; y < height; y++) {
    const row = HEADER + (height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) file[row + 3 * x + c] = data[3 * (y * width + x) + 2 - c];
    }
  }
  return `data:image/bmp;base64,${file.toString('base64')}`;
}
