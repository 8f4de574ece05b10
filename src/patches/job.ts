import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import type { Augmentation } from './augmentations/own.ts';
import { patchDrawer } from './draw.ts';
import type { Kernels } from './kernels.ts';
import type { PatchParameters } from './parameters.ts';
import { boxes, type Placement } from './placement.ts';
import type { Recipe } from './recipe.ts';

/** An image of a job. */
export interface JobImage {
  /** Names the image in random draws, such as its index in the data set: whole number, 0 to 2^32 - 1. */
  readonly id: number;
  /** The image. */
  readonly pixels: Pixels;
  /** The part of the image that patches come from, and whose area scales are shares of; absent: all of it. */
  readonly region?: Region;
  /** These pixels will not change: a worker may keep them, and is then not sent them again. */
  readonly keep?: boolean;
}

/** Whole pixels. */
export interface Region {
  /** Left edge, px from the image's left. */
  readonly x: number;
  /** Top edge, px from the image's top. */
  readonly y: number;
  /** Px, at least 1. */
  readonly width: number;
  /** Px, at least 1. */
  readonly height: number;
}

/**
 * One batch to cut, as a value.
 * - `augmented`: `views` random patches of every image; view-major, patch index = view · images + image.
 * - `placed`: the clean patches of a bag; image-major, row by row inside an image. With `whole`, the image's largest middle
 *   square follows them as one patch.
 * - `given`: for every image its list of parameters, such as a batch returned them; image-major. Replays any of them.
 */
export type PatchSource =
  | { readonly kind: 'augmented'; readonly seed: number; readonly epoch: number; readonly views: number }
  | { readonly kind: 'placed'; readonly placement: Placement; readonly whole?: boolean }
  | { readonly kind: 'given'; readonly patches: readonly (readonly PatchParameters[])[] };

/** What is cut out of which images: one batch. */
export interface PatchJob {
  /** What a patch is. */
  readonly recipe: Recipe;
  /** In the order of the batch. */
  readonly images: readonly JobImage[];
  /** Which patches of them. */
  readonly source: PatchSource;
  /** Return what was drawn for every patch as well. */
  readonly keepParameters?: boolean;
}

/** The patches of a job, in the order of its images. */
export interface PatchBatch {
  /** Normalised values, float32 NCHW. */
  readonly data: Float32Array;
  /** How many patches. */
  readonly count: number;
  /** Of `data`. */
  readonly shape: readonly [count: number, channels: 3, height: number, width: number];
  /** Patches of each image, in the order of the job's images. */
  readonly perImage: readonly number[];
  /** One for each patch, in the batch's order; there if the job asked for them. */
  readonly parameters?: readonly PatchParameters[];
}

const WHOLE: Placement = { kind: 'grid', across: 1, scales: [1] };

/** Floats in the largest batch: what one ArrayBuffer holds in every browser. */
const MOST_FLOATS = 2 ** 29 - 1;

/** The parameters of every patch of every image. */
function plan({ recipe, images, source }: PatchJob, own: readonly Augmentation[]): (readonly PatchParameters[])[] {
  if (source.kind === 'given') return images.map((_, i) => source.patches[i]);
  const ofImage = source.kind === 'placed' ? placedIn(source, recipe) : drawnIn(source, recipe, own);
  return images.map(({ id, pixels, region }) => {
    const { width, height } = region ?? pixels;
    const patches = ofImage(id, width, height);
    return region ? patches.map((p) => ({ ...p, x: p.x + region.x, y: p.y + region.y })) : patches;
  });
}

type OfImage = (id: number, width: number, height: number) => readonly PatchParameters[];
type Source<Kind> = Extract<PatchSource, { readonly kind: Kind }>;

function placedIn({ placement, whole }: Source<'placed'>, recipe: Recipe): OfImage {
  const placements = whole ? [placement, WHOLE] : [placement];
  return (id, width, height) => placements.flatMap((one) => boxes(one, recipe, width, height, id));
}

function drawnIn({ seed, epoch, views }: Source<'augmented'>, recipe: Recipe, own: readonly Augmentation[]): OfImage {
  const draw = patchDrawer(recipe, own);
  return (image, width, height) => {
    const patches: PatchParameters[] = [];
    for (let view = 0; view < views; view++) patches.push(draw({ seed, epoch, image, view }, width, height));
    return patches;
  };
}

/**
 * Cuts a batch. Its result depends on the job alone, which `checkJob` must have passed.
 * @param into receives the patches; absent: a buffer of their own
 * @param own the user's augmentations
 * @throws BagsslError `bad-argument` for patches outside their image, and batches too large for memory or `into`
 */
export function runJob(
  kernels: Kernels,
  job: PatchJob,
  into?: Float32Array,
  own: readonly Augmentation[] = [],
): PatchBatch {
  const { images, source, recipe } = job;
  const { size, mean, std } = recipe;
  const planned = plan(job, own);
  const perImage = planned.map((patches) => patches.length);
  const count = perImage.reduce((a, b) => a + b, 0);
  const floats = count * 3 * size * size;
  if (floats > MOST_FLOATS) {
    throw new BagsslError('bad-argument', `A batch of ${count} patches is too large; use fewer images in a job.`);
  }
  if (into && into.length < floats) {
    throw new BagsslError('bad-argument', `into holds ${into.length} floats; ${count} patches need ${floats}.`);
  }
  const data = into ? into.subarray(0, floats) : new Float32Array(floats);
  const parameters: PatchParameters[] = [];
  let placed = 0;
  images.forEach(({ pixels }, i) => {
    const patches = planned[i];
    const slots = source.kind === 'augmented' ? { first: i, step: images.length } : { first: placed, step: 1 };
    kernels.cut(pixels, patches, size, mean, std, data, slots, own);
    placed += patches.length;
    if (job.keepParameters) {
      patches.forEach((p, k) => {
        parameters[slots.first + k * slots.step] = p;
      });
    }
  });
  const batch = { data, count, shape: [count, 3, size, size] as const, perImage };
  return job.keepParameters ? { ...batch, parameters } : batch;
}
