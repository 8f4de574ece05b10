/** `bagssl/patches`: what a patch is, and the workers that cut it out of an image. */

export type { Layout, Pixels } from './base/pixels.ts';
export { augmentationDigest } from './patches/augmentations/augmentation-digest.ts';
export type { Blur } from './patches/augmentations/blur.ts';
export type { AugmentationFields, DrawnFields } from './patches/augmentations/index.ts';
export type { ColourChange, Jitter } from './patches/augmentations/jitter.ts';
export type { AugmentationSource } from './patches/augmentations/load-own.ts';
export type { Augmentation, OwnField, RandomNumbers } from './patches/augmentations/own.ts';
export type { Solarise } from './patches/augmentations/solarise.ts';
export type { Crop, CropFields, Interpolation, Range } from './patches/crop.ts';
export type { JobImage, PatchBatch, PatchJob, PatchSource, Region } from './patches/job.ts';
export type { CutOptions, JobPoolOptions, StreamOptions } from './patches/job-pool.ts';
export type { PatchParameters } from './patches/parameters.ts';
export { type Placement, parsePlacement } from './patches/placement.ts';
export { PatchPool, type PoolOptions } from './patches/pool.ts';
export { presets } from './patches/presets.ts';
export { checkRecipe, type Recipe, type Triple, type ViewChanges, withoutAugmentation } from './patches/recipe.ts';
