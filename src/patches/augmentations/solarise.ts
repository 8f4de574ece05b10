import { needed, optionsOf, PROBABILITY } from '../../base/options.ts';
import type { BuiltIn, FieldRules } from './built-in.ts';

/** Inversion of bright pixels. */
export interface Solarise {
  /** Of an inversion, 0 to 1. */
  readonly probability: number;
  /** Values of at least so much are inverted, 0 to 1. */
  readonly threshold: number;
}

/** A recipe's inversion of bright pixels. */
export interface SolariseField {
  /** Values of at least `threshold` (0 to 1) are inverted, v → 1 − v; absent: none. */
  readonly solarise?: Solarise;
}

/** The inversion that was drawn for a patch. */
export interface SolariseDrawn {
  /** The threshold from which values are inverted, 0 to 1; absent: none. */
  readonly solarise?: number;
}

export const solariseRules: FieldRules<SolariseField, SolariseDrawn> = {
  rule: () => optionsOf<Solarise>({ probability: needed(PROBABILITY), threshold: needed(PROBABILITY) }),
  drawn: () => ({ solarise: PROBABILITY }),
  off: {},
};

/** RandomSolarize. */
export const solarise: BuiltIn<SolariseField, SolariseDrawn> = {
  name: 'solarise',
  none: {},
  places: 1,
  draw({ probability, threshold }, stream, patch) {
    if (stream.uniform() < probability) patch.solarise = threshold;
  },
  change({ kernels }, patch) {
    if (patch.solarise !== undefined) kernels.solarise(patch.solarise);
  },
};

/** The kernel's twin: v ≥ threshold ? 1 - v : v. */
export function solarised(tile: Float32Array, threshold: number): void {
  const t = Math.fround(threshold);
  for (let i = 0; i < tile.length; i++) if (tile[i] >= t) tile[i] = Math.fround(1 - tile[i]);
}
