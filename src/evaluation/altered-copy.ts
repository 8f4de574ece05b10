import { BYTES, type Pixels } from '../base/pixels.ts';
import { Stream } from '../base/random.ts';
import { decodeImage } from '../data/decode.ts';
import { brightness, contrast, hue, saturation } from '../patches/augmentations/jitter.ts';
import { wholeImage } from '../patches/whole-image.ts';

/** How an image is altered. */
export interface Alteration {
  /** The share of its area that is kept: a window of its own shape, anywhere. */
  readonly share: number;
  /** Brightness, contrast and saturation change by factors within 1 ± this, the hue by up to 0.06 turns of it. */
  readonly recolour: number;
  /** Halved and saved as a JPEG of this quality, 4:2:0. */
  readonly jpeg?: number;
}

/** The two settings by which duplicates are measured. Each copy is mirrored as well. */
export const ALTERATIONS = {
  mild: { share: 0.75, recolour: 0.25, jpeg: 60 },
  strong: { share: 0.4, recolour: 0.5 },
} as const satisfies Record<string, Alteration>;

const HUE = 0.06;
/** Nothing is shrunk when the JPEG is read. */
const LARGEST = 65_535;

/** The altered copy that a seed gives of the image with this number. */
export async function alteredCopy(image: Pixels, how: Alteration, seed: number, id: number): Promise<Pixels> {
  const stream = new Stream(seed, 'altered copy', id, Math.round(1000 * how.share));
  const side = (length: number) => Math.max(1, Math.round(length * Math.sqrt(how.share)));
  const [width, height] = [side(image.width), side(image.height)];
  const x = stream.below(image.width - width + 1);
  const y = stream.below(image.height - height + 1);
  const tile = mirroredWindow(image, x, y, width, height);
  const factor = () => 1 + how.recolour * (2 * stream.uniform() - 1);
  for (const change of [brightness, contrast, saturation]) change(tile, factor());
  hue(tile, how.recolour * HUE * (2 * stream.uniform() - 1));
  const data = new Uint8Array(tile.length);
  for (let i = 0; i < tile.length; i++) data[i] = Math.round(255 * tile[i]);
  const copy: Pixels = { data, width, height, layout: 'planar' };
  return how.jpeg === undefined ? copy : halvedJpeg(copy, how.jpeg);
}

/** A window, left for right, [3, height, width], 0 to 1. */
function mirroredWindow(
  { data, width: across, height: down, layout }: Pixels,
  x: number,
  y: number,
  width: number,
  height: number,
): Float32Array {
  const step = layout === 'planar' ? 1 : BYTES[layout];
  const tile = new Float32Array(3 * width * height);
  for (let channel = 0, to = 0; channel < 3; channel++) {
    const first = layout === 'planar' ? channel * across * down : layout === 'grey' ? 0 : channel;
    for (let row = y; row < y + height; row++) {
      for (let column = x + width - 1; column >= x; column--)
        tile[to++] = data[first + (row * across + column) * step] / 255;
    }
  }
  return tile;
}

async function halvedJpeg(image: Pixels, quality: number): Promise<Pixels> {
  const half = (length: number) => Math.max(1, length >> 1);
  const [width, height] = [half(image.width), half(image.height)];
  const pixels = width * height;
  const tile = new Float32Array(3 * pixels);
  wholeImage(image, { mean: [0, 0, 0], std: [1, 1, 1] }, height, width, tile);
  const rgba = new Uint8ClampedArray(4 * pixels).fill(255);
  for (let i = 0; i < 3 * pixels; i++) rgba[4 * (i % pixels) + Math.floor(i / pixels)] = Math.round(255 * tile[i]);
  const { encodeJpeg } = await import('../data/encode-jpeg.ts');
  return decodeImage(await encodeJpeg(rgba, width, height, quality), 'the altered copy', { shortSide: LARGEST });
}
