import { BagsslError } from '../errors.ts';
import { patchSide } from './crop-size.ts';
import { type PatchParameters, plainPatch } from './parameters.ts';
import { Stream } from './philox.ts';
import type { Recipe } from './recipe.ts';

/**
 * Where the patches of a bag lie.
 * - `grid`: `across` × `across`, evenly spaced, touching both edges (1: the centre).
 * - `random`: `count` positions drawn from `seed` and the image's id.
 * - `all`: every position at a stride; without `stride`, one output pixel: crop side / patch size, at least 1 pixel.
 */
export type Placement =
  | { readonly kind: 'grid'; readonly across: number }
  | { readonly kind: 'random'; readonly count: number; readonly seed: number }
  | { readonly kind: 'all'; readonly stride?: number };

/** Patches a side of the plain `grid`. */
const DEFAULT_ACROSS = 5;
/** More patches than this of one image is a mistake, not a bag. */
const MOST_PATCHES = 1_000_000;

function refuse(what: string): never {
  throw new BagsslError(
    'bad-argument',
    `${what}; use "grid" (5 across), "gridN" (1 to 1000 across), "all", or a number of random patches (1 to ${MOST_PATCHES}).`,
  );
}

/** @throws BagsslError `bad-argument`, quoting the value */
export function checkPlacement(placement: Placement): Placement {
  const whole = (v: number, most: number) => Number.isInteger(v) && v >= 1 && v <= most;
  switch (placement?.kind) {
    case 'grid':
      if (!whole(placement.across, 1000)) refuse(`grid of ${placement.across} across`);
      break;
    case 'random':
      if (!whole(placement.count, MOST_PATCHES)) refuse(`${placement.count} random patches`);
      if (!Number.isSafeInteger(placement.seed) || placement.seed < 0) refuse(`placement seed ${placement.seed}`);
      break;
    case 'all':
      if (placement.stride !== undefined && !(placement.stride >= 1 && placement.stride < Infinity)) {
        refuse(`stride ${placement.stride} (at least 1 pixel)`);
      }
      break;
    default:
      refuse(`placement ${JSON.stringify(placement)}`);
  }
  return placement;
}

/** A placement from text: `grid`, `grid7`, `all`, or a number of random patches (seed 0). */
export function parsePlacement(text: string): Placement {
  const [, grid, number] = /^(grid|all)?(\d*)$/.exec(text.trim()) ?? refuse(`patches "${text}"`);
  if (grid === 'all' && !number) return { kind: 'all' };
  if (grid === 'grid') {
    return checkPlacement({ kind: 'grid', across: number === '' ? DEFAULT_ACROSS : Number(number) });
  }
  if (grid || !number) refuse(`patches "${text}"`);
  return checkPlacement({ kind: 'random', count: Number(number), seed: 0 });
}

/** Whole-pixel positions 0 … room, evenly spaced, both ends included. */
function spaced(count: number, room: number): number[] {
  if (count === 1) return [Math.floor(room / 2)];
  return Array.from({ length: count }, (_, i) => Math.floor((i * room) / (count - 1) + 0.5));
}

/** 0, stride, 2 stride … up to `room`, rounded to whole pixels. */
function strided(stride: number, room: number): number[] {
  return Array.from({ length: Math.floor(room / stride) + 1 }, (_, i) => Math.min(room, Math.floor(i * stride + 0.5)));
}

/**
 * The clean patches of one image, row by row. Boxes are whole pixels, as torchvision's crops are, so a patch whose crop
 * has the output's size is never resampled. With a range of scales the middle of the range is used.
 * @param imageId names the image in random draws: whole number, 0 to 2^32 - 1
 */
export function boxes(
  placement: Placement,
  recipe: Recipe,
  width: number,
  height: number,
  imageId: number,
): PatchParameters[] {
  const side = patchSide((recipe.scale[0] + recipe.scale[1]) / 2, width, height);
  if (placement.kind === 'random') {
    const stream = new Stream(placement.seed, 'placement', 0, imageId);
    return Array.from({ length: placement.count }, () => {
      const x = stream.below(width - side + 1);
      return plainPatch(x, stream.below(height - side + 1), side, side);
    });
  }
  const along = (room: number) =>
    placement.kind === 'grid'
      ? spaced(placement.across, room)
      : strided(placement.stride ?? Math.max(1, side / recipe.size), room);
  const xs = along(width - side);
  return along(height - side).flatMap((y) => xs.map((x) => plainPatch(x, y, side, side)));
}
