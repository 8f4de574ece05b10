import { BagsslError } from '../base/errors.ts';
import type { Placement } from './placement.ts';

/** Patches a side of the plain `grid`. */
const DEFAULT_ACROSS = 5;
/** More patches than this of one image is a mistake, not a bag. */
const MOST_PATCHES = 1_000_000;

function refuse(what: string): never {
  throw new BagsslError(
    'bad-argument',
    `${what}; use "grid" (5 across), "gridN" (1 to 1000 across), "tiles", "all", or a number of random patches (1 to ${MOST_PATCHES}).`,
  );
}

/** @throws BagsslError `bad-argument`, quoting the value */
export function checkPlacement(placement: Placement): Placement {
  const whole = (v: number, most: number) => Number.isInteger(v) && v >= 1 && v <= most;
  switch (placement?.kind) {
    case 'grid':
      if (!whole(placement.across, 1000)) refuse(`grid of ${placement.across} across`);
      break;
    case 'tiles':
      if (!(placement.overlap >= 0 && placement.overlap <= 0.95)) {
        refuse(`tiles with an overlap of ${placement.overlap} (0 to 0.95 of a side)`);
      }
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
  const { scales } = placement;
  if (scales !== undefined && !(Array.isArray(scales) && scales.length && scales.every((s) => s > 0 && s <= 1))) {
    refuse(`placement scales ${JSON.stringify(scales)} (shares of the area, above 0, at most 1)`);
  }
  return placement;
}

/** A placement from text: `grid`, `grid7`, `tiles` (half a side shared), `all`, or a number of random patches (seed 0). */
export function parsePlacement(text: string): Placement {
  const [, word, number] = /^(grid|tiles|all)?(\d*)$/.exec(String(text).trim()) ?? refuse(`patches "${text}"`);
  if (word === 'all' && !number) return { kind: 'all' };
  if (word === 'tiles' && !number) return { kind: 'tiles', overlap: 0.5 };
  if (word === 'grid') {
    return checkPlacement({ kind: 'grid', across: number === '' ? DEFAULT_ACROSS : Number(number) });
  }
  if (word || !number) refuse(`patches "${text}"`);
  return checkPlacement({ kind: 'random', count: Number(number), seed: 0 });
}
