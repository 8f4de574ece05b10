/** `bagssl/patches`: what a patch is, and the workers that cut it out of an image. */

export type { Layout, Pixels } from './base/pixels.ts';
export { parsePlacement } from './patches/check-placement.ts';
export { checkRecipe } from './patches/check-recipe.ts';
export type { JobImage, PatchBatch, PatchJob, PatchSource, Region } from './patches/job.ts';
export type { ColourChange, PatchParameters } from './patches/parameters.ts';
export type { Placement } from './patches/placement.ts';
export { type CutOptions, PatchPool, type PoolOptions, type StreamOptions } from './patches/pool.ts';
export { presets } from './patches/presets.ts';
export type { Blur, Interpolation, Jitter, Range, Solarise, Triple } from './patches/recipe.ts';
export { type Recipe, type ViewChanges, withoutAugmentation } from './patches/recipe.ts';
