import { between, needed, optionsOf, PROBABILITY, type Rule, range } from '../../base/options.ts';
import type { BuiltIn, FieldRules } from './built-in.ts';

/** Gaussian blur. */
export interface Blur {
  /** Of a blur, 0 to 1. */
  readonly probability: number;
  /** Side of the window, px: odd, 3 to 2 · size − 1. */
  readonly kernel: number;
  /** [least, most] standard deviation, px, 0.01 to 100. */
  readonly sigma: readonly [number, number];
}

/** A recipe's blur. */
export interface BlurField {
  /** GaussianBlur of `kernel` × `kernel` pixels (odd, 3 to 2 · size − 1), σ uniform in `sigma` pixels; absent: none. */
  readonly blur?: Blur;
}

/** The blur that was drawn for a patch. */
export interface BlurDrawn {
  /** Gaussian of `sigma` pixels, cut off at `kernel` × `kernel`; absent: none. */
  readonly blur?: { readonly kernel: number; readonly sigma: number };
}

const LEAST_SIGMA = 0.01;
const MOST_SIGMA = 100;

/** Edges are mirrored, so the window may not reach further than the patch. */
const windowRule = (size: number): Rule => ({
  asked: `an odd whole number from 3 to ${2 * size - 1}`,
  needed: true,
  fits: (value) => Number.isInteger(value) && between(3, 2 * size - 1).fits(value) && (value as number) % 2 === 1,
});

export const blurRules: FieldRules<BlurField, BlurDrawn> = {
  rule: (size) =>
    optionsOf<Blur>({
      probability: needed(PROBABILITY),
      kernel: windowRule(size),
      sigma: needed(range(LEAST_SIGMA, MOST_SIGMA)),
    }),
  drawn: (size) => ({
    blur: optionsOf<Required<BlurDrawn>['blur']>({
      kernel: windowRule(size),
      sigma: needed(between(LEAST_SIGMA, MOST_SIGMA)),
    }),
  }),
  off: {},
};

/** RandomApply([GaussianBlur]). */
export const blur: BuiltIn<BlurField, BlurDrawn> = {
  name: 'blur',
  none: {},
  places: 2,
  draw({ probability, kernel, sigma: [least, most] }, stream, patch) {
    const hit = stream.uniform() < probability;
    const sigma = least + (most - least) * stream.uniform();
    if (hit) patch.blur = { kernel, sigma };
  },
  change({ kernels }, patch) {
    if (patch.blur) kernels.blur(gaussianWeights(patch.blur.kernel, patch.blur.sigma));
  },
};

/** Weights below this share of the sum are left out of a blur: it is half the precision of a float32 in 0..1. */
const LEAST_WEIGHT = 2 ** -25;

/**
 * Weights of torchvision's GaussianBlur, from the middle outwards: exp(-½ (x / σ)²) for |x| ≤ (kernel - 1) / 2, divided by
 * their sum. Ends that cannot be seen in the result are left out.
 */
function gaussianWeights(kernel: number, sigma: number): Float32Array<ArrayBuffer> {
  const half = Array.from({ length: (kernel + 1) / 2 }, (_, x) => Math.exp(-0.5 * (x / sigma) ** 2));
  const total = 2 * half.reduce((a, b) => a + b, 0) - 1;
  const seen = half.filter((w) => w / total >= LEAST_WEIGHT);
  return Float32Array.from(seen, (w) => w / total);
}

/** The kernel's twin: a symmetric row of weights, from the middle outwards, across and then down. */
export function blurred(tile: Float32Array, weights: Float32Array): void {
  const { fround } = Math;
  const n = tile.length / 3;
  const size = Math.sqrt(n);
  const mirror = (at: number) => (at < 0 ? -at : at < size ? at : 2 * size - 2 - at);
  const filtered = (at: number, value: (at: number) => number) => {
    let sum = fround(weights[0] * value(at));
    for (let t = 1; t < weights.length; t++) {
      sum = fround(sum + fround(weights[t] * fround(value(mirror(at - t)) + value(mirror(at + t)))));
    }
    return sum;
  };
  for (let plane = 0; plane < tile.length; plane += n) {
    const rows = new Float32Array(n);
    for (let i = 0; i < n; i++) {
      const row = plane + i - (i % size);
      rows[i] = filtered(i % size, (x) => tile[row + x]);
    }
    for (let i = 0; i < n; i++) {
      tile[plane + i] = filtered(Math.floor(i / size), (y) => rows[y * size + (i % size)]);
    }
  }
}
