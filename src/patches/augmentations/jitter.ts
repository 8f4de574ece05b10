import { between, needed, optionsOf, PROBABILITY } from '../../base/options.ts';
import type { BuiltIn, FieldRules } from './built-in.ts';

/** Random changes of colour. */
export interface Jitter {
  /** Of any change of colour, 0 to 1. */
  readonly probability: number;
  /** v: the factor is drawn from [max(0, 1 − v), 1 + v]; 0 to 10. */
  readonly brightness: number;
  /** As `brightness`. */
  readonly contrast: number;
  /** As `brightness`. */
  readonly saturation: number;
  /** Turns: drawn from ±hue, 0 to 0.5. */
  readonly hue: number;
}

/** A recipe's changes of colour. */
export interface JitterField {
  /** ColorJitter: factors uniform in [max(0, 1 - v), 1 + v], hue uniform in ±hue (turns, at most 0.5), in random order. */
  readonly jitter: Jitter;
}

/** One of ColorJitter's four changes. */
export type ColourChange = 'brightness' | 'contrast' | 'saturation' | 'hue';

/** The changes of colour that were drawn for a patch. */
export interface JitterDrawn {
  /** Factor, 0 or more; 1: none. */
  readonly brightness: number;
  /** Factor, 0 or more; 1: none. */
  readonly contrast: number;
  /** Factor, 0 or more; 1: none. */
  readonly saturation: number;
  /** Turns, -0.5 to 0.5. */
  readonly hue: number;
  /** The order in which the colour changes are applied. */
  readonly order: readonly ColourChange[];
}

const USUAL_ORDER: readonly ColourChange[] = ['brightness', 'contrast', 'saturation', 'hue'];

/** All 24 orders of the four changes, the usual one first. */
export const ORDERS: readonly (readonly ColourChange[])[] = /* @__PURE__ */ permutations(USUAL_ORDER);

function permutations(items: readonly ColourChange[]): ColourChange[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((first) => permutations(items.filter((i) => i !== first)).map((rest) => [first, ...rest]));
}

export const jitterRules: FieldRules<JitterField, JitterDrawn> = {
  rule() {
    const strength = needed(between(0, 10));
    return needed(
      optionsOf<Jitter>({
        probability: needed(PROBABILITY),
        brightness: strength,
        contrast: strength,
        saturation: strength,
        hue: needed(between(0, 0.5)),
      }),
    );
  },
  drawn() {
    const factor = needed(between(0, 11));
    return {
      brightness: factor,
      contrast: factor,
      saturation: factor,
      hue: needed(between(-0.5, 0.5)),
      order: needed({
        asked: `an array of ${USUAL_ORDER.join(', ')} in any order`,
        fits: (value) => Array.isArray(value) && value.every((change) => USUAL_ORDER.includes(change)),
      }),
    };
  },
  off: { jitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 } },
};

/** RandomApply([ColorJitter]). */
export const jitter: BuiltIn<JitterField, JitterDrawn> = {
  name: 'jitter',
  none: { brightness: 1, contrast: 1, saturation: 1, hue: 0, order: USUAL_ORDER },
  places: 6,
  draw(options, stream, patch) {
    const jittered = stream.uniform() < options.probability;
    const factor = (v: number) => {
      const low = Math.max(0, 1 - v);
      const drawn = low + (1 + v - low) * stream.uniform();
      return jittered && v > 0 ? drawn : 1;
    };
    patch.brightness = factor(options.brightness);
    patch.contrast = factor(options.contrast);
    patch.saturation = factor(options.saturation);
    const turn = (2 * stream.uniform() - 1) * options.hue;
    patch.hue = jittered && options.hue > 0 ? turn : 0;
    patch.order = ORDERS[stream.below(ORDERS.length)];
  },
  change({ kernels }, patch) {
    const { brightness, contrast, saturation, hue } = patch;
    // By name, not `kernels[change]`: looking up four names in turn takes longer than a kernel.
    for (const change of patch.order) {
      if (change === 'brightness' && brightness !== 1) kernels.brightness(brightness);
      else if (change === 'contrast' && contrast !== 1) kernels.contrast(contrast);
      else if (change === 'saturation' && saturation !== 1) kernels.saturation(saturation);
      else if (change === 'hue' && hue !== 0) kernels.hue(hue);
    }
  },
};

// The kernels' twins.

const fround = Math.fround;
const R = /* @__PURE__ */ fround(0.2989);
const G = /* @__PURE__ */ fround(0.587);
const B = /* @__PURE__ */ fround(0.114);

function clamp01(v: number): number {
  const below = v > 1 ? 1 : v;
  return below < 0 ? 0 : below;
}

/** torchvision's rgb_to_grayscale of pixel `i` of `n`, added from the left. */
function greyOf(tile: Float32Array, n: number, i: number): number {
  return fround(fround(fround(tile[i] * R) + fround(tile[n + i] * G)) + fround(tile[2 * n + i] * B));
}

/** clamp(f · v). */
export function brightness(tile: Float32Array, factor: number): void {
  const f = fround(factor);
  for (let i = 0; i < tile.length; i++) tile[i] = clamp01(fround(tile[i] * f));
}

/** Mean grey, in the order the kernel adds: four lanes over blocks of 256 pixels, blocks in float64, then the rest. */
function meanGrey(tile: Float32Array, n: number): number {
  let total = 0;
  const whole = n & ~3;
  for (let from = 0; from < whole; from += 256) {
    const sum = [0, 0, 0, 0];
    for (let i = from; i < Math.min(from + 256, whole); i++) sum[i & 3] = fround(sum[i & 3] + greyOf(tile, n, i));
    for (const lane of sum) total += lane;
  }
  for (let i = whole; i < n; i++) total += greyOf(tile, n, i);
  return fround(total / n);
}

/** clamp(f · v + (1 - f) · mean grey). */
export function contrast(tile: Float32Array, factor: number): void {
  const f = fround(factor);
  const rest = fround(fround(1 - factor) * meanGrey(tile, tile.length / 3));
  for (let i = 0; i < tile.length; i++) tile[i] = clamp01(fround(fround(tile[i] * f) + rest));
}

/** clamp(f · v + (1 - f) · grey). */
export function saturation(tile: Float32Array, factor: number): void {
  const n = tile.length / 3;
  const f = fround(factor);
  const rest = fround(1 - factor);
  for (let i = 0; i < n; i++) {
    const dull = fround(greyOf(tile, n, i) * rest);
    for (let at = i; at < tile.length; at += n) tile[at] = clamp01(fround(fround(tile[at] * f) + dull));
  }
}

function modulo6(v: number): number {
  return v >= 6 ? fround(v - 6) : v;
}

/** Hue in sixths of a turn, value and chroma kept; see assembly/jitter.ts. */
export function hue(tile: Float32Array, turn: number): void {
  const n = tile.length / 3;
  const shift = fround(turn < 0 ? 6 + 6 * turn : 6 * turn);
  for (let i = 0; i < n; i++) {
    const [r, g, b] = [tile[i], tile[n + i], tile[2 * n + i]];
    const most = Math.max(r, g, b);
    const chroma = fround(most - Math.min(r, g, b));
    const [sector, rise] = most === r ? [0, fround(g - b)] : most === g ? [2, fround(b - r)] : [4, fround(r - g)];
    const angle = fround(sector + fround(rise / (chroma === 0 ? 1 : chroma)));
    const turned = modulo6(fround((angle < 0 ? fround(angle + 6) : angle) + shift));
    const channel = (offset: number) => {
      const k = modulo6(fround(turned + offset));
      return fround(most - fround(chroma * clamp01(Math.min(k, fround(4 - k)))));
    };
    tile[i] = channel(5);
    tile[n + i] = channel(3);
    tile[2 * n + i] = channel(1);
  }
}
