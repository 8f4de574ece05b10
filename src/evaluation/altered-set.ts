import { checkOptions, given, type Rules, whole } from '../base/options.ts';
import { ImageCache } from '../data/image-cache.ts';
import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import { ALTERATIONS, alteredCopy } from './altered-copy.ts';

/** How the copies are drawn. */
export interface AlteredSetOptions {
  /** Default 0: whole number, 0 to 2^53 - 1. The same seed alters an image of the same number in the same way. */
  readonly seed?: number;
}

/** Bytes of copies that are kept, as every encoder asks for them. */
const KEPT = 256 * 1024 ** 2;

const RULES: Rules<AlteredSetOptions> = { seed: whole(0) };

/**
 * Altered copies of a set's images, made when they are asked for, to measure how well duplicates are found:
 * - `mild`: a window of 75 % of the area, mirrored, brightness, contrast and saturation changed by up to 25 %, the hue by up to 0.015
 *   turns; then half the size, saved as a JPEG of quality 60;
 * - `strong`: a window of 40 % of the area, mirrored, recoloured twice as much.
 * @throws BagsslError `bad-argument`; reading a mild copy, `missing-dependency` without `@jsquash/jpeg`
 */
export function alteredSet(
  images: ImageSet,
  kind: keyof typeof ALTERATIONS,
  options: AlteredSetOptions = {},
): ImageSet {
  checkImageSet(images, 'images');
  given(Object.hasOwn(ALTERATIONS, kind), kind, 'kind', `one of ${Object.keys(ALTERATIONS).join(', ')}`);
  checkOptions('alteredSet', options, RULES);
  const { seed = 0 } = options;
  const { name, length, classes, labels, ids } = images;
  const copies = new ImageCache(
    async (index) => alteredCopy(await images.image(index), ALTERATIONS[kind], seed, ids?.[index] ?? index),
    KEPT,
    1,
  );
  return {
    name: `${name}, ${kind} altered`,
    ...{ length, classes, labels, ids },
    image: (index) => copies.get(index),
  };
}
