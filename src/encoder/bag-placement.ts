import { checkOptions, TEXT } from '../base/options.ts';
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

/**
 * `whole`: the whole image as the only patch: its largest middle square, or with an `OnnxEncoder` what that encoder's own
 * preparation of images takes.
 */
export interface WholePlacement {
  /** Names this placement. */
  readonly kind: 'whole';
}

/** Where the patches of a bag lie. */
export type BagPlacement = Placement | DensePlacement | WholePlacement;

/** The largest middle square. */
export const MIDDLE: Placement = { kind: 'grid', across: 1, scales: [1] };

/** @throws BagsslError `bad-argument`, quoting the value */
export function checkBagPlacement(placement: BagPlacement): BagPlacement {
  if (placement?.kind === 'whole') checkOptions('placement', placement, { kind: TEXT });
  else checkPlacement(placement?.kind === 'dense' ? { ...placement, kind: 'all' } : placement);
  return placement;
}

/** A placement from text: `dense`, `whole`, or what `parsePlacement` takes. */
export function parseBagPlacement(text: string): BagPlacement {
  const kind = String(text).trim();
  return kind === 'dense' || kind === 'whole' ? { kind } : parsePlacement(text);
}

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
