import type { Range } from './recipe.ts';

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

export interface CropSize {
  readonly width: number;
  readonly height: number;
  /** No try fitted: the crop is the largest of an allowed ratio, and lies in the middle. */
  readonly centred: boolean;
}

/**
 * The size of torchvision's RandomResizedCrop: a share of the area and the logarithm of width by height are drawn until the
 * crop fits, ten times at most. Sides that round to 0 count as 1.
 * @param scaleOf, ratioOf uniform numbers in [0, 1) for the try of that number
 */
export function cropSize(
  scale: Range,
  ratio: Range,
  width: number,
  height: number,
  scaleOf: (attempt: number) => number,
  ratioOf: (attempt: number) => number,
): CropSize {
  const square = ratio[0] === 1 && ratio[1] === 1;
  const [low, high] = square ? [0, 0] : [Math.log(ratio[0]), Math.log(ratio[1])];
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const area = width * height * (scale[0] + (scale[1] - scale[0]) * scaleOf(attempt));
    const aspect = square ? 1 : Math.exp(low + (high - low) * ratioOf(attempt));
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
