import { Buffer } from 'node:buffer';
import type { Rgb } from './rgb.ts';

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
