import { needed, PROBABILITY, SWITCH } from '../../base/options.ts';
import type { BuiltIn, FieldRules } from './built-in.ts';

export interface GreyscaleField {
  /** Probability that the patch loses its colour. */
  readonly greyscale: number;
}

export interface GreyscaleDrawn {
  /** Without colour. */
  readonly greyscale: boolean;
}

export const greyscaleRules: FieldRules<GreyscaleField, GreyscaleDrawn> = {
  rule: () => needed(PROBABILITY),
  drawn: () => ({ greyscale: needed(SWITCH) }),
  off: { greyscale: 0 },
};

/** RandomGrayscale. */
export const greyscale: BuiltIn<GreyscaleField, GreyscaleDrawn> = {
  name: 'greyscale',
  none: { greyscale: false },
  places: 1,
  draw(probability, stream, patch) {
    patch.greyscale = stream.uniform() < probability;
  },
  change(run, patch) {
    if (patch.greyscale) run('greyscale', 1);
  },
};

// The kernel's twin.

const fround = Math.fround;
const R = /* @__PURE__ */ fround(0.2989);
const G = /* @__PURE__ */ fround(0.587);
const B = /* @__PURE__ */ fround(0.114);

/** f32 clamp to 0..1. */
export function clamp01(v: number): number {
  const below = v > 1 ? 1 : v;
  return below < 0 ? 0 : below;
}

/** torchvision's rgb_to_grayscale of pixel `i` of `n`, added from the left. */
export function greyOf(tile: Float32Array, n: number, i: number): number {
  return fround(fround(fround(tile[i] * R) + fround(tile[n + i] * G)) + fround(tile[2 * n + i] * B));
}

/** Every channel becomes the grey. */
export function grey(tile: Float32Array): void {
  const n = tile.length / 3;
  for (let i = 0; i < n; i++) tile[i] = tile[n + i] = tile[2 * n + i] = greyOf(tile, n, i);
}
