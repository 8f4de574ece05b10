import { BagsslError } from '../errors.ts';
import { checkPixels } from './check-pixels.ts';
import { checkRecipe } from './check-recipe.ts';
import { drawPatch } from './draw.ts';
import type { Kernels } from './kernels.ts';
import type { PatchParameters } from './parameters.ts';
import type { Pixels } from './pixels.ts';
import { boxes, checkPlacement, type Placement } from './placement.ts';
import type { Recipe } from './recipe.ts';

export interface JobImage {
  /** Names the image in random draws, such as its index in the data set: whole number, 0 to 2^32 - 1. */
  readonly id: number;
  readonly pixels: Pixels;
}

/**
 * One batch to cut, as a value.
 * - `augmented`: `views` random patches of every image; view-major, patch index = view · images + image.
 * - `placed`: the clean patches of a bag; image-major, row by row inside an image.
 */
export type PatchSource =
  | { readonly kind: 'augmented'; readonly seed: number; readonly epoch: number; readonly views: number }
  | { readonly kind: 'placed'; readonly placement: Placement };

export interface PatchJob {
  readonly recipe: Recipe;
  readonly images: readonly JobImage[];
  readonly source: PatchSource;
  /** Return what was drawn for every patch as well. */
  readonly keepParameters?: boolean;
}

export interface PatchBatch {
  /** Normalised values, float32 NCHW. */
  readonly data: Float32Array<ArrayBuffer>;
  readonly count: number;
  readonly shape: readonly [count: number, channels: 3, height: number, width: number];
  /** Patches of each image, in the order of the job's images. */
  readonly perImage: readonly number[];
  /** One for each patch, in the batch's order; there if the job asked for them. */
  readonly parameters?: readonly PatchParameters[];
}

/** Floats in the largest batch: what one ArrayBuffer holds in every browser. */
const MOST_FLOATS = 2 ** 29 - 1;

/** @throws BagsslError `bad-argument` for anything that would not give a batch */
export function checkJob(job: PatchJob): void {
  checkRecipe(job.recipe);
  if (job.images.length === 0) throw new BagsslError('bad-argument', 'The job has 0 images; give at least 1.');
  for (const { id, pixels } of job.images) {
    word('image id', id, 0);
    checkPixels(pixels, `image ${id}`);
  }
  const { source } = job;
  if (source.kind === 'augmented') {
    word('views', source.views, 1);
    word('epoch', source.epoch, 0);
    if (!Number.isSafeInteger(source.seed) || source.seed < 0) {
      throw new BagsslError('bad-argument', `seed is ${source.seed}; it must be a whole number from 0 to 2^53 - 1.`);
    }
  } else if (source.kind === 'placed') {
    checkPlacement(source.placement);
  } else {
    const { kind } = source as { kind: unknown };
    throw new BagsslError('bad-argument', `source.kind is ${JSON.stringify(kind)}; use "augmented" or "placed".`);
  }
}

function word(name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least || value >= 2 ** 32) {
    throw new BagsslError('bad-argument', `${name} is ${value}; it must be a whole number from ${least} to 2^32 - 1.`);
  }
}

/** The parameters of every patch of every image. */
function plan({ recipe, images, source }: PatchJob): PatchParameters[][] {
  return images.map(({ id, pixels: { width, height } }) =>
    source.kind === 'placed'
      ? boxes(source.placement, recipe, width, height, id)
      : Array.from({ length: source.views }, (_, view) =>
          drawPatch(recipe, { seed: source.seed, epoch: source.epoch, image: id, view }, width, height),
        ),
  );
}

/**
 * Cuts a batch. Its result depends on the job alone.
 * @throws BagsslError `bad-argument`
 */
export function runJob(kernels: Kernels, job: PatchJob): PatchBatch {
  checkJob(job);
  const { images, source, recipe } = job;
  const { size, mean, std } = recipe;
  const planned = plan(job);
  const perImage = planned.map((patches) => patches.length);
  const count = perImage.reduce((a, b) => a + b, 0);
  const floats = count * 3 * size * size;
  if (floats > MOST_FLOATS) {
    throw new BagsslError('bad-argument', `A batch of ${count} patches is too large; use fewer images in a job.`);
  }
  const data = new Float32Array(floats);
  const parameters: PatchParameters[] = [];
  let placed = 0;
  images.forEach(({ pixels }, i) => {
    const patches = planned[i];
    const slots = source.kind === 'placed' ? { first: placed, step: 1 } : { first: i, step: images.length };
    kernels.cut(pixels, patches, size, mean, std, data, slots);
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
