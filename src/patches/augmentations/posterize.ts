import { needed, optionsOf, PROBABILITY, whole } from '../../base/options.ts';
import type { BuiltIn, FieldRules } from './built-in.ts';

export interface PosterizeField {
  /** RandomPosterize to 2^`bits` levels a channel (`bits` 1 to 8), with a `probability` of 0 to 1; absent: none. */
  readonly posterize?: { readonly probability: number; readonly bits: number };
}

export interface PosterizeDrawn {
  /** Bits a channel is left with, 1 to 8; absent: all. */
  readonly posterize?: number;
}

const bits = () => whole(1, 8);

export const posterizeRules: FieldRules<PosterizeField, PosterizeDrawn> = {
  rule: () =>
    optionsOf<Required<PosterizeField>['posterize']>({ probability: needed(PROBABILITY), bits: needed(bits()) }),
  drawn: () => ({ posterize: bits() }),
  off: {},
};

/** RandomPosterize. */
export const posterize: BuiltIn<PosterizeField, PosterizeDrawn> = {
  name: 'posterize',
  none: {},
  places: 1,
  draw({ probability, bits }, stream, patch) {
    if (stream.uniform() < probability) patch.posterize = bits;
  },
  change(tile, patch) {
    if (patch.posterize !== undefined) tile.run(posterized, 2 ** patch.posterize);
  },
};

/** min(⌊v · levels⌋, levels - 1) / levels: torchvision's posterize of floats (transforms/v2/functional/_color.py). */
function posterized(tile: Float32Array, levels: number): void {
  for (let i = 0; i < tile.length; i++) tile[i] = Math.min(Math.floor(tile[i] * levels), levels - 1) / levels;
}
