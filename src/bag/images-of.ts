import { BagsslError } from '../base/errors.ts';
import { given, type Rule } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { checkPixels } from '../base/pixels.ts';
import { type AnyImage, imageFrom } from '../data/image-from.ts';
import type { ImageSet } from '../data/image-set.ts';

/** Many images: a set, or images in any form as they come. */
export type Images = ImageSet | Iterable<AnyImage> | AsyncIterable<AnyImage>;

/** An image and its place, from 0 in the order they came. */
export interface PlacedImage {
  readonly index: number;
  readonly pixels: Pixels;
}

/**
 * What is done about an image that cannot be read (`bad-data`): `throw` its error, `skip` it, or a function that is told, and then it
 * is skipped.
 */
export type OnError = 'throw' | 'skip' | ((error: BagsslError, index: number) => void);

export const ON_ERROR: Rule = {
  asked: '"throw", "skip" or a function',
  fits: (value) => value === 'throw' || value === 'skip' || typeof value === 'function',
};

/** Images read before they are asked for. */
const AHEAD = 4;

const isSet = (images: Images): images is ImageSet => 'image' in images;

/**
 * How many there are; Infinity where that is not known.
 * @throws BagsslError `bad-argument` for anything but images
 */
export function countOf(images: Images): number {
  const many = typeof images === 'object' && images !== null;
  const fits = many && (isSet(images) || Symbol.iterator in images || Symbol.asyncIterator in images);
  given(fits, images, 'images', 'an image set, or an iterable of images; a single image goes to embed()');
  return isSet(images) || Array.isArray(images) ? images.length : Infinity;
}

/**
 * The pixels of many images, in order, a few of them read ahead.
 * @param shortSide see `imageFrom`
 * @param read turns an image in any form into pixels
 * @throws BagsslError `bad-argument`, and `bad-data` for an image that cannot be read and is not skipped
 */
export async function* pixelsOf(
  images: Images,
  onError: OnError = 'throw',
  shortSide?: number,
  read: typeof imageFrom = imageFrom,
): AsyncGenerator<PlacedImage, void, void> {
  countOf(images);
  const waiting: Promise<Pixels>[] = [];
  let given = 0;
  async function* next(): AsyncGenerator<PlacedImage, void, void> {
    const index = given++;
    try {
      const pixels = await waiting.shift()!;
      checkPixels(pixels, `image ${index}`);
      yield { index, pixels };
    } catch (error) {
      if (onError === 'throw' || !(error instanceof BagsslError) || error.code !== 'bad-data') throw error;
      if (onError !== 'skip') onError(error, index);
    }
  }
  for await (const image of isSet(images) ? reads(images) : images) {
    const pixels = typeof image === 'function' ? (async () => image())() : read(image, shortSide);
    pixels.catch(() => undefined); // it is reported when its turn comes
    waiting.push(pixels);
    if (waiting.length > AHEAD) yield* next();
  }
  while (waiting.length > 0) yield* next();
}

/** Calls that read the images of a set. */
function* reads(set: ImageSet): Generator<() => Pixels | Promise<Pixels>, void, void> {
  for (let index = 0; index < set.length; index++) yield () => set.image(index);
}
