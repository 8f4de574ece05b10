import type { Pixels } from '../base/pixels.ts';

/**
 * An image laid on white, as a page shows it: what is hidden under alpha 0 does not count.
 * @param image with layout `rgba`, alpha not multiplied in; others, and opaque ones, are returned as they are
 */
export function onWhite<Image extends Pixels>(image: Image): Image {
  if (image.layout !== 'rgba') return image;
  const { data } = image;
  let first = 3;
  while (first < data.length && data[first] === 255) first += 4;
  if (first >= data.length) return image;
  const out = new Uint8Array(data);
  for (let i = first - 3; i < out.length; i += 4) {
    const alpha = out[i + 3];
    if (alpha === 255) continue;
    for (let c = i; c < i + 3; c++) out[c] = Math.round((out[c] * alpha + 255 * (255 - alpha)) / 255);
    out[i + 3] = 255;
  }
  return { ...image, data: out };
}
