import { BagsslError } from '../base/errors.ts';
import { aboveZero, between, checkKind, listOf, needed, type Rule, whole } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import { quote } from '../base/values.ts';
import { patchSide } from './crop.ts';
import { type PatchParameters, plainPatch } from './parameters.ts';
import type { Recipe } from './recipe.ts';

/**
 * Where a bag's patches come from.
 * - `grid`: `across` × `across`, evenly spaced, touching both edges (1: the centre).
 * - `tiles`: as few as cover the image, evenly spaced, neighbours sharing at least `overlap` (0 to 0.95) of their side.
 * - `random`: `count` positions drawn from `seed` and the image's id.
 * - `all`: every position at a stride; without `stride`, one output pixel: crop side / patch size, at least 1 pixel.
 *
 * `scales` are the shares of the image's area that patches cover, one bag of patches for each, one after the other; absent:
 * the recipe's scale, the middle of it where it is a range.
 */
export type Placement = { readonly scales?: readonly number[] } & (
  | { readonly kind: 'grid'; readonly across: number }
  | { readonly kind: 'tiles'; readonly overlap: number }
  | { readonly kind: 'random'; readonly count: number; readonly seed: number }
  | { readonly kind: 'all'; readonly stride?: number }
);

/** Whole-pixel positions 0 … room, evenly spaced, both ends included. */
function spaced(count: number, room: number): number[] {
  if (count === 1) return [Math.floor(room / 2)];
  return Array.from({ length: count }, (_, i) => Math.floor((i * room) / (count - 1) + 0.5));
}

/** As few positions as leave no step longer than the part of a side that is not shared, in whole pixels. */
function tiled(side: number, overlap: number, room: number): number[] {
  const step = Math.max(1, Math.floor(side * (1 - overlap)));
  return room === 0 ? [0] : spaced(Math.ceil(room / step) + 1, room);
}

/** 0, stride, 2 stride … up to `room`, rounded to whole pixels. */
function strided(stride: number, room: number): number[] {
  return Array.from({ length: Math.floor(room / stride) + 1 }, (_, i) => Math.min(room, Math.floor(i * stride + 0.5)));
}

/** Patches of one scale, row by row: squares of `side` pixels at every pair of a left and a top edge. */
export interface Lattice {
  readonly side: number;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

/** The places of the patches in every image of one size, a lattice for each scale. */
export function lattices(
  placement: Exclude<Placement, { readonly kind: 'random' }>,
  recipe: Recipe,
  width: number,
  height: number,
): Lattice[] {
  return scalesOf(placement, recipe).map((share) => {
    const side = patchSide(share, width, height);
    const along = (room: number) =>
      placement.kind === 'grid'
        ? spaced(placement.across, room)
        : placement.kind === 'tiles'
          ? tiled(side, placement.overlap, room)
          : strided(placement.stride ?? Math.max(1, side / recipe.size), room);
    return { side, xs: along(width - side), ys: along(height - side) };
  });
}

const scalesOf = ({ scales }: Placement, { scale: [least, most] }: Recipe): readonly number[] =>
  scales ?? [(least + most) / 2];

/** How many patches a bag has. */
export function patchCount(placement: Placement, recipe: Recipe, width: number, height: number): number {
  if (placement.kind === 'random') return placement.count * scalesOf(placement, recipe).length;
  return lattices(placement, recipe, width, height).reduce((sum, { xs, ys }) => sum + xs.length * ys.length, 0);
}

/**
 * The clean patches of one image, row by row. Boxes are whole pixels, as torchvision's crops are, so a patch whose crop
 * has the output's size is never resampled.
 * @param imageId names the image in random draws: whole number, 0 to 2^32 - 1
 */
export function boxes(
  placement: Placement,
  recipe: Recipe,
  width: number,
  height: number,
  imageId: number,
): PatchParameters[] {
  const { interpolation } = recipe;
  const patch = (x: number, y: number, side: number): PatchParameters => {
    const plain = plainPatch(x, y, side, side);
    return interpolation === 'bicubic' ? { ...plain, interpolation } : plain;
  };
  if (placement.kind !== 'random') {
    return lattices(placement, recipe, width, height).flatMap(({ side, xs, ys }) =>
      ys.flatMap((y) => xs.map((x) => patch(x, y, side))),
    );
  }
  return scalesOf(placement, recipe).flatMap((share, scale) => {
    const side = patchSide(share, width, height);
    const stream = new Stream(placement.seed, 'placement', 0, imageId, scale);
    return Array.from({ length: placement.count }, () => {
      const x = stream.below(width - side + 1);
      return patch(x, stream.below(height - side + 1), side);
    });
  });
}

/** Patches a side of the plain `grid`. */
const DEFAULT_ACROSS = 5;
/** More patches than this of one image is a mistake, not a bag. */
const MOST_PATCHES = 1_000_000;

/** What each kind of placement is given. */
const kinds = (): { readonly [Kind in Placement['kind']]: Readonly<Record<string, Rule>> } => ({
  grid: { across: needed(whole(1, 1000)) },
  tiles: { overlap: needed(between(0, 0.95)) },
  random: { count: needed(whole(1, MOST_PATCHES)), seed: needed(whole(0)) },
  all: { stride: between(1, Number.MAX_VALUE) },
});

/** @throws BagsslError `bad-argument`, quoting the value */
export function checkPlacement(placement: Placement): Placement {
  return checkKind('placement', placement, kinds(), { scales: listOf(aboveZero(1)) });
}

/** A placement from text: `grid`, `grid7`, `tiles` (half a side shared), `all`, or a number of random patches (seed 0). */
export function parsePlacement(text: string): Placement {
  const refuse = (): never => {
    throw new BagsslError(
      'bad-argument',
      `A placement is "grid", "gridN" (N across), "tiles", "all" or a number of random patches, got ${quote(text)}.`,
    );
  };
  const [, kind, number] = /^(grid|tiles|all)?(\d*)$/.exec(String(text).trim()) ?? refuse();
  if (kind === 'all' && !number) return { kind: 'all' };
  if (kind === 'tiles' && !number) return { kind: 'tiles', overlap: 0.5 };
  if (kind === 'grid') {
    return checkPlacement({ kind: 'grid', across: number === '' ? DEFAULT_ACROSS : Number(number) });
  }
  if (kind || !number) refuse();
  return checkPlacement({ kind: 'random', count: Number(number), seed: 0 });
}
