import type { Pixels } from '../base/pixels.ts';

/** Pixels of one tile, and its longest side: some browsers refuse canvases of more than 16 megapixels, or longer than 16,384. */
const TILE = 4_000_000;
const LONGEST = 8192;

/** A bitmap's pixels on white, read through canvases; in a page or a worker. */
export function bitmapPixels(bitmap: ImageBitmap): Pixels {
  const { width, height } = bitmap;
  const columns = Math.min(width, LONGEST);
  const rows = Math.min(height, LONGEST, Math.max(1, Math.floor(TILE / columns)));
  const context = new OffscreenCanvas(columns, rows).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('this browser gives no 2D canvas');
  context.fillStyle = '#fff';
  const data = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y += rows) {
    for (let x = 0; x < width; x += columns) {
      const [wide, tall] = [Math.min(columns, width - x), Math.min(rows, height - y)];
      context.fillRect(0, 0, columns, rows);
      context.drawImage(bitmap, -x, -y);
      const tile = context.getImageData(0, 0, wide, tall).data;
      if (wide === width) data.set(tile, y * width * 4);
      else
        for (let r = 0; r < tall; r++)
          data.set(tile.subarray(r * wide * 4, (r + 1) * wide * 4), ((y + r) * width + x) * 4);
    }
  }
  return { data, width, height, layout: 'rgba' };
}
