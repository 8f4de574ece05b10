import { patchSide } from '../patches/crop.ts';
import type { Placement } from '../patches/placement.ts';
import { checkPlacement, parsePlacement } from '../patches/placement.ts';
import type { Recipe } from '../patches/recipe.ts';

/**
 * `dense`: every position at the encoder's stride, in one pass over the whole image, which is first resampled so that a patch
 * is as large as the encoder sees it. Where it is that large already, these are the patches of `all` at that stride. For
 * encoders without padding.
 */
export interface DensePlacement {
  /** Names this placement. */
  readonly kind: 'dense';
  /** As those of a `Placement`. */
  readonly scales?: readonly number[];
}

/** Where the patches of a bag lie. */
export type BagPlacement = Placement | DensePlacement;

/** @throws BagsslError `bad-argument`, quoting the value */
export function checkBagPlacement(placement: BagPlacement): BagPlacement {
  if (placement?.kind !== 'dense') return checkPlacement(placement);
  checkPlacement({ ...placement, kind: 'all' });
  return placement;
}

/** A placement from text: `dense`, or what `parsePlacement` takes. */
export const parseBagPlacement = (text: string): BagPlacement =>
  String(text).trim() === 'dense' ? { kind: 'dense' } : parsePlacement(text);

/** The sizes, one for each scale, that bring an image's patches to the recipe's size. */
export function denseSizes(
  { scales }: DensePlacement,
  { scale: [least, most], size }: Recipe,
  width: number,
  height: number,
): { readonly rows: number; readonly columns: number }[] {
  return (scales ?? [(least + most) / 2]).map((share) => {
    const side = patchSide(share, width, height);
    const resized = (length: number) => Math.max(size, Math.round((length * size) / side));
    return { rows: resized(height), columns: resized(width) };
  });
}
