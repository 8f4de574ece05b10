import { BagsslError } from '../base/errors.ts';
import { quote } from '../base/values.ts';
import type { BagPlacement } from './bag-placement.ts';
import type { BlockLayout } from './block-layout.ts';

/**
 * How an image's patch vectors become its vector. `mean`: their mean, as in the paper. The others keep where patches lie: the mean of
 * each part of the image, of unit length, side by side. `quadrants`: four parts; `halves`: the whole, its top and its bottom;
 * `pyramid`: the whole and its quadrants. A `BlockLayout` sees the whole image, and places no patches.
 */
export type BagLayout = PartLayout | BlockLayout;

/** A layout of patches, which has no numbers of its own. */
export type PartLayout = 'mean' | 'quadrants' | 'halves' | 'pyramid';

/** Grids of parts, [down, across]. */
type Grids = readonly (readonly [number, number])[];

const GRIDS: Readonly<Record<PartLayout, Grids>> = {
  mean: [[1, 1]],
  quadrants: [[2, 2]],
  halves: [
    [1, 1],
    [2, 1],
  ],
  pyramid: [
    [1, 1],
    [2, 2],
  ],
};

/** Their names. */
export const LAYOUTS = Object.keys(GRIDS) as readonly PartLayout[];

/** The parts of an image that a layout keeps apart; 1 for `mean`. */
export const partCount = (layout: PartLayout): number =>
  GRIDS[layout].reduce((sum, [down, across]) => sum + down * across, 0);

/** What partShares needs of an image and of a patch. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/** How much of a patch counts in each part, by where its centre is. Where that is on the border of parts, all of them share it. */
export function partShares(
  layout: PartLayout,
  { x, y, ...patch }: Size & { readonly x: number; readonly y: number },
  { width, height }: Size,
): number[] {
  return GRIDS[layout].flatMap(([down, across]) => {
    const rows = cellShares(down, y + patch.height / 2, height);
    const columns = cellShares(across, x + patch.width / 2, width);
    return rows.flatMap((row) => columns.map((column) => row * column));
  });
}

/**
 * Of `count` cells along `length` pixels, the one that a point is in; ½ each for two that it is between. As patches lie on whole
 * pixels, a middle one may be half a pixel off.
 */
function cellShares(count: number, at: number, length: number): number[] {
  const border = Math.round((at * count) / length);
  const isBetween = border > 0 && border < count && Math.abs(at - (border * length) / count) <= 0.5;
  const cell = Math.min(count - 1, Math.floor((at * count) / length));
  return Array.from({ length: count }, (_, i) => {
    if (isBetween) return i === border || i === border - 1 ? 0.5 : 0;
    return i === cell ? 1 : 0;
  });
}

/** Whether a layout sees the whole image, so that no patches are placed. */
export const seesWhole = (layout: BagLayout): layout is BlockLayout => typeof layout === 'object';

/** What a layout holds is checked when it is first built. @throws BagsslError `bad-argument` */
export function checkLayout(layout: BagLayout): BagLayout {
  if (LAYOUTS.includes(layout as 'mean') || (layout as BlockLayout | null)?.kind === 'blocks') return layout;
  throw new BagsslError(
    'bad-argument',
    `layout is ${quote(layout)}; it must be one of ${LAYOUTS.join(', ')}, or blocks that were learnt.`,
  );
}

/** @throws BagsslError `bad-argument` for patches, and what is asked of them, that a layout has no use for */
export function checkPlaced(layout: BagLayout, placement: BagPlacement, request: OfPatches = {}): void {
  if (!seesWhole(layout)) return;
  const given = (['whole', 'weigh', 'unitPatches'] as const).find((name) => request[name]);
  if (placement.kind === 'whole' && !given) return;
  throw new BagsslError(
    'bad-argument',
    `The encoder's layout sees whole images and places no patches, but ${given ? `${given} is given` : `the placement is ${quote(placement)}`}. Leave it out, or embed patches with encoder.with({ layout: 'mean', placement }).`,
  );
}

/** What a bag is asked for that patches alone have. */
interface OfPatches {
  readonly whole?: boolean;
  readonly weigh?: unknown;
  readonly unitPatches?: boolean;
}
