import type { Pixels } from '../base/pixels.ts';

/**
 * A stored image turned upright.
 * @param image layout `rgba`
 * @param orientation as EXIF counts (tag 274): 2 to 4 are mirrored or upside down, 5 to 8 lie on a side; 1 returns the image itself
 */
export function turn<Image extends Pixels>(image: Image, orientation: number): Image {
  if (orientation <= 1 || orientation > 8) return image;
  const side = orientation >= 5;
  const { width: across, height: down } = image;
  const [width, height] = side ? [down, across] : [across, down];
  const flipX = [2, 3, 7, 8].includes(orientation);
  const flipY = [3, 4, 6, 7].includes(orientation);
  const bytes = image.data.byteOffset % 4 ? image.data.slice() : image.data;
  const from = new Uint32Array(bytes.buffer, bytes.byteOffset, across * down);
  const to = new Uint32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // The place in the stored image.
      const [u, v] = side ? [y, x] : [x, y];
      to[i++] = from[(flipY ? down - 1 - v : v) * across + (flipX ? across - 1 - u : u)];
    }
  }
  return { ...image, data: new Uint8Array(to.buffer), width, height };
}
