import type { Jitter } from './augmentations/jitter.ts';
import { type Recipe, type Triple, type ViewChanges, withoutAugmentation } from './recipe.ts';

const HALF: Triple = [0.5, 0.5, 0.5];
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const jitter = (brightness: number, contrast: number, saturation: number, hue: number): Jitter => ({
  probability: 0.8,
  brightness,
  contrast,
  saturation,
  hue,
});

/** σ as everywhere in this literature; the kernel is what the preset's source uses, or ±3 σ of the widest. */
const blur = (probability: number, kernel: number) => ({ probability, kernel, sigma: [0.1, 2] as const });
/** Pillow's default threshold, 128 of 255. */
const solarise = (probability: number) => ({ probability, threshold: 128 / 255 });

/** The default: 16×16 crops of 32×32 images, never enlarged. */
export const cifar16: Recipe = {
  size: 16,
  scale: [0.25, 0.25],
  flip: 0.5,
  jitter: jitter(0.4, 0.4, 0.4, 0.1),
  greyscale: 0.2,
  mean: HALF,
  std: HALF,
};

/** EMP-SSL (tsb0601/EMP-SSL, bce1514, dataset/aug.py), its Pillow blur as torchvision's of ±3 σ. */
const empSsl: Recipe = {
  ...cifar16,
  size: 32,
  jitter: jitter(0.4, 0.4, 0.4, 0.2),
  blur: blur(0.1, 13),
  solarise: solarise(0.1),
};

/** Random crops of SimCLR, BYOL and VICReg: 8 % of the image and more, 3:4 to 4:3. */
const crops = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] } as const;

/** SimCLR for ImageNet (arXiv 2002.05709, appendix A), jitter of strength 1; the blur's kernel is a tenth of the side. */
const simclr: Recipe = {
  size: 224,
  ...crops,
  flip: 0.5,
  jitter: jitter(0.8, 0.8, 0.8, 0.2),
  greyscale: 0.2,
  blur: blur(0.5, 23),
  ...IMAGENET,
};

/** One view always blurred and never solarised, the other the other way round. */
const twoViews = (kernel: number): readonly ViewChanges[] => [
  { blur: blur(1, kernel) },
  { blur: blur(0.1, kernel), solarise: solarise(0.2) },
];

/** BYOL (arXiv 2006.07733, appendix B). */
const byol: Recipe = {
  ...simclr,
  interpolation: 'bicubic',
  jitter: jitter(0.4, 0.4, 0.2, 0.1),
  blur: undefined,
  views: twoViews(23),
};

/** VICReg (facebookresearch/vicreg, cc1ef4f, augmentations.py), its Pillow blur as torchvision's of ±3 σ. */
const vicreg: Recipe = { ...byol, views: twoViews(13) };

/** NMCE on CIFAR-10 (zengyi-li/NMCE-release, 7640a74, `cifar_simclr_norm`). */
const nmce: Recipe = {
  ...cifar16,
  size: 32,
  ...crops,
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.2023, 0.1994, 0.201],
};

/** The recipes that have a name. */
export const presets = plain({
  cifar16,
  empSsl,
  /** The scales of the bag of patch embeddings (arXiv 2206.08954), 14 and 9 pixels of 32. */
  bagSsl: { ...empSsl, scale: [0.2, 0.2] },
  bagSsl008: { ...empSsl, scale: [0.08, 0.08] },
  simclr,
  byol,
  vicreg,
  nmce,
  none: withoutAugmentation(cifar16),
});

/** Without keys whose value is undefined, which JSON does not know. */
function plain<Name extends string>(recipes: Record<Name, Recipe>): Readonly<Record<Name, Recipe>> {
  return JSON.parse(JSON.stringify(recipes));
}
