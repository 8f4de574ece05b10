import { BagsslError } from '../base/errors.ts';
import { needed, oneOf, PROBABILITY, type Rules, range, SWITCH, whole } from '../base/options.ts';
import { Stream } from '../base/random.ts';

/** [least, most]. */
export type Range = readonly [number, number];

/** How pixels between pixels are made; both filter when they shrink. */
export type Interpolation = 'bilinear' | 'bicubic';

/** The crop's fields of a recipe: torchvision's RandomResizedCrop and RandomHorizontalFlip. */
export interface CropFields {
  /** Share of the image's area a patch covers, in (0, 1]; equal ends give patches of one fixed scale. */
  readonly scale: Range;
  /** Width by height of the crop, 0.01 to 100; default [1, 1], square. */
  readonly ratio?: Range;
  /** Antialiased in both cases; default bilinear. */
  readonly interpolation?: Interpolation;
  /** Probability of a horizontal flip. */
  readonly flip: number;
}

/** The share of the area must be above zero; the smallest patch is one pixel in any case. */
const LEAST_SCALE = 1e-9;

export const cropFieldRules = (): Rules<CropFields> => ({
  scale: needed(range(LEAST_SCALE, 1)),
  ratio: range(0.01, 100),
  interpolation: oneOf('bilinear', 'bicubic'),
  flip: needed(PROBABILITY),
});

/** Where a patch comes from. The box is in whole image pixels. */
export interface Crop {
  /** Left edge of the crop, px from the image's left. */
  readonly x: number;
  /** Top edge of the crop, px from the image's top. */
  readonly y: number;
  /** Of the crop, px. */
  readonly width: number;
  /** Of the crop, px. */
  readonly height: number;
  /** How the box becomes the patch; absent: bilinear. */
  readonly interpolation?: 'bicubic';
  /** Mirrored, left for right. */
  readonly flip: boolean;
}

export const cropRules = (): Rules<Crop> => ({
  x: needed(whole(0)),
  y: needed(whole(0)),
  width: needed(whole(1)),
  height: needed(whole(1)),
  interpolation: oneOf('bicubic'),
  flip: needed(SWITCH),
});

/** A box in pixels. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const isWithin = (at: number, length: number, room: number) =>
  Number.isInteger(at) && Number.isInteger(length) && at >= 0 && length >= 1 && at + length <= room;

/** Whether a box is made of whole pixels of an image. */
export const isInside = (box: Box, image: { readonly width: number; readonly height: number }): boolean =>
  isWithin(box.x, box.width, image.width) && isWithin(box.y, box.height, image.height);

/** @throws BagsslError `bad-argument` for a box that is not made of whole pixels of the image */
export function checkBox(box: Box, image: { readonly width: number; readonly height: number }): void {
  if (isInside(box, image)) return;
  throw new BagsslError(
    'bad-argument',
    `patch: ${box.width}×${box.height} at (${box.x}, ${box.y}) must be whole pixels inside the ${image.width}×${image.height} image.`,
  );
}

/** Python's round: ties go to the even number, as in torchvision's RandomResizedCrop. */
function roundHalfEven(v: number): number {
  const down = Math.floor(v);
  const over = v - down;
  return over > 0.5 || (over === 0.5 && down % 2 === 1) ? down + 1 : down;
}

const side = (v: number, most: number) => Math.max(1, Math.min(roundHalfEven(v), most));

/** Side in pixels of a square patch that covers `share` of the image's area; at least 1, at most the shorter side. */
export function patchSide(share: number, width: number, height: number): number {
  return side(Math.sqrt(width * height * share), Math.min(width, height));
}

const TRIES = 10;

interface CropSize {
  readonly width: number;
  readonly height: number;
  /** No try fitted: the crop is the largest of an allowed ratio, and is in the middle. */
  readonly centred: boolean;
}

/** Uniform numbers in [0, 1) for each try of a crop, from 0. */
interface Tries {
  scale(attempt: number): number;
  ratio(attempt: number): number;
}

/**
 * The size of torchvision's RandomResizedCrop: a share of the area and the logarithm of width by height are drawn until the
 * crop fits, ten times at most. Sides that round to 0 count as 1.
 */
export function cropSize(scale: Range, ratio: Range, width: number, height: number, tries: Tries): CropSize {
  const square = ratio[0] === 1 && ratio[1] === 1;
  const low = square ? 0 : Math.log(ratio[0]);
  const high = square ? 0 : Math.log(ratio[1]);
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = width * height * (scale[0] + (scale[1] - scale[0]) * tries.scale(attempt));
    const aspect = square ? 1 : Math.exp(low + (high - low) * tries.ratio(attempt));
    const w = side(Math.sqrt(area * aspect), Infinity);
    const h = side(Math.sqrt(area / aspect), Infinity);
    if (w <= width && h <= height) return { width: w, height: h, centred: false };
    if (square && scale[0] === scale[1]) break; // every try would be this one
  }
  const whole = width / height;
  if (whole < ratio[0]) return { width, height: side(width / ratio[0], height), centred: true };
  if (whole > ratio[1]) return { width: side(height * ratio[1], width), height, centred: true };
  return { width, height, centred: true };
}

/** What names a draw: whole numbers, 0 to 2^32 - 1 (seed: to 2^53 - 1). */
export interface DrawKey {
  readonly seed: number;
  readonly epoch: number;
  readonly image: number;
  readonly view: number;
}

const SQUARE: Range = [1, 1];

/** Ratios, and shares after the first try, have a stream of their own, in which try k has places 2k and 2k + 1. */
class DrawnTries implements Tries {
  #more?: Stream;
  #drawn?: number[];

  constructor(
    private readonly key: DrawKey,
    private readonly first: number,
  ) {}

  scale(attempt: number): number {
    return attempt === 0 ? this.first : this.#at(2 * attempt);
  }

  ratio(attempt: number): number {
    return this.#at(2 * attempt + 1);
  }

  #at(place: number): number {
    const { seed, epoch, image, view } = this.key;
    this.#more ??= new Stream(seed, 'crop', epoch, image, view);
    this.#drawn ??= [];
    while (this.#drawn.length <= place) this.#drawn.push(this.#more.uniform());
    return this.#drawn[place];
  }
}

/** Where a crop begins that leaves so much room. */
function offset(stream: Stream, room: number, centred: boolean): number {
  const drawn = stream.below(room + 1);
  return centred ? Math.floor(room / 2) : drawn;
}

/** Draws a crop: the first four places of a patch's stream. */
export function drawCrop(recipe: CropFields, key: DrawKey, stream: Stream, width: number, height: number): Crop {
  const crop = cropSize(recipe.scale, recipe.ratio ?? SQUARE, width, height, new DrawnTries(key, stream.uniform()));
  const x = offset(stream, width - crop.width, crop.centred);
  const y = offset(stream, height - crop.height, crop.centred);
  const flip = stream.uniform() < recipe.flip;
  const drawn = { x, y, width: crop.width, height: crop.height, flip };
  return recipe.interpolation === 'bicubic' ? { ...drawn, interpolation: 'bicubic' } : drawn;
}
