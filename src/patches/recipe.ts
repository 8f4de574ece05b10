import { givenParts } from '../base/options.ts';
/** A value for each of red, green, blue. */
export type Triple = readonly [number, number, number];

/** [least, most]. */
export type Range = readonly [number, number];

/**
 * How patches are cut and augmented: plain JSON. Fields mean what torchvision's transforms of like name mean, in this order:
 * RandomResizedCrop (scale, ratio, interpolation), RandomHorizontalFlip, RandomApply([ColorJitter]), RandomGrayscale,
 * RandomApply([GaussianBlur]), RandomSolarize, Normalize.
 */
export interface Recipe {
  /** Side of the patch the encoder sees, pixels, 1 to 1024. */
  readonly size: number;
  /** Share of the image's area a patch covers, in (0, 1]; equal ends give patches of one fixed scale. */
  readonly scale: Range;
  /** Width by height of the crop, 0.01 to 100; default [1, 1], square. */
  readonly ratio?: Range;
  /** Antialiased in both cases; default bilinear. */
  readonly interpolation?: Interpolation;
  /** Probability of a horizontal flip. */
  readonly flip: number;
  /** ColorJitter: factors uniform in [max(0, 1 - v), 1 + v], hue uniform in ±hue (turns, at most 0.5), in random order. */
  readonly jitter: Jitter;
  /** Probability that the patch loses its colour. */
  readonly greyscale: number;
  /** GaussianBlur of `kernel` × `kernel` pixels (odd, 3 to 2 · size − 1), σ uniform in `sigma` pixels; absent: none. */
  readonly blur?: Blur;
  /** Values of at least `threshold` (0 to 1) are inverted, v → 1 − v; absent: none. */
  readonly solarise?: Solarise;
  /** Normalisation (v - mean) / std of values in 0..1, a channel at a time. */
  readonly mean: Triple;
  /** Of each channel, above 0; see `mean`. */
  readonly std: Triple;
  /** What differs in some views of an image: view k takes entry k modulo their number; absent: views are alike. */
  readonly views?: readonly ViewChanges[];
}

/** How pixels between pixels are made; both filter when they shrink. */
export type Interpolation = 'bilinear' | 'bicubic';

/** Random changes of colour. */
export interface Jitter {
  /** Of any change of colour, 0 to 1. */
  readonly probability: number;
  /** v: the factor is drawn from [max(0, 1 − v), 1 + v]. */
  readonly brightness: number;
  /** As `brightness`. */
  readonly contrast: number;
  /** As `brightness`. */
  readonly saturation: number;
  /** Turns: drawn from ±hue, 0 to 0.5. */
  readonly hue: number;
}

/** Gaussian blur. */
export interface Blur {
  /** Of a blur, 0 to 1. */
  readonly probability: number;
  /** Side of the window, px: odd, 3 to 2 · size − 1. */
  readonly kernel: number;
  /** Standard deviations it is drawn from, px, above 0. */
  readonly sigma: Range;
}

/** Inversion of bright pixels. */
export interface Solarise {
  /** Of an inversion, 0 to 1. */
  readonly probability: number;
  /** Values of at least so much are inverted, 0 to 1. */
  readonly threshold: number;
}

/** Everything but what the batch has in common. */
export type ViewChanges = Partial<Omit<Recipe, 'size' | 'mean' | 'std' | 'views'>>;

/** What view `view` (from 0) of an image is cut with. */
export function recipeOfView(recipe: Recipe, view: number): Recipe {
  const { views } = recipe;
  return views ? { ...recipe, ...views[view % views.length], views: undefined } : recipe;
}

/** The same crops with every random change switched off: what a bag of clean patches is cut with. */
export function withoutAugmentation(recipe: Recipe): Recipe {
  givenParts(recipe, 'A recipe', 'size', 'scale', 'mean', 'std');
  const { size, scale, ratio, interpolation, mean, std } = recipe;
  return {
    size,
    scale,
    ...(ratio && { ratio }),
    ...(interpolation && { interpolation }),
    flip: 0,
    jitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
    greyscale: 0,
    mean,
    std,
  };
}
