import type { PartLayout } from './bag-layout.ts';

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
