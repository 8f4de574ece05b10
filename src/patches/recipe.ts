/** A value for each of red, green, blue. */
export type Triple = readonly [number, number, number];

/** How patches are cut and augmented: plain JSON, torchvision's meaning in each field. */
export interface Recipe {
  /** Side of the patch the encoder sees, pixels, 1 to 1024. */
  readonly size: number;
  /** Share of the image's area a patch covers, [least, most], in (0, 1]; equal ends give patches of one fixed scale. */
  readonly scale: readonly [number, number];
  /** Probability of a horizontal flip. */
  readonly flip: number;
  /** ColorJitter: factors uniform in [max(0, 1 - v), 1 + v], hue uniform in ±hue (turns, at most 0.5), in random order. */
  readonly jitter: Jitter;
  /** Probability that the patch loses its colour. */
  readonly greyscale: number;
  /** Normalisation (v - mean) / std of values in 0..1, a channel at a time. */
  readonly mean: Triple;
  readonly std: Triple;
}

export interface Jitter {
  readonly probability: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

const HALF: Triple = [0.5, 0.5, 0.5];

/** The default: 16×16 crops of 32×32 images, never enlarged. */
export const cifar16: Recipe = {
  size: 16,
  scale: [0.25, 0.25],
  flip: 0.5,
  jitter: { probability: 0.8, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  greyscale: 0.2,
  mean: HALF,
  std: HALF,
};

/** EMP-SSL's views (tsb0601/EMP-SSL, 8fc3758) without their blur and solarisation. */
export const empSsl: Recipe = { ...cifar16, size: 32, jitter: { ...cifar16.jitter, hue: 0.2 } };

/** The recipes that have a name. */
export const presets: Readonly<Record<'cifar16' | 'empSsl', Recipe>> = { cifar16, empSsl };

/** The same crops with every random change switched off: what a bag of clean patches is cut with. */
export function withoutAugmentation(recipe: Recipe): Recipe {
  return {
    ...recipe,
    flip: 0,
    jitter: { probability: 0, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
    greyscale: 0,
  };
}
