import type { ImageSet } from '../data/image-set.ts';
import { BLOCK } from '../data/shard.ts';
import { compile } from '../engine/compile.ts';
import { BagsslError } from '../errors.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import { checkPlacement } from '../patches/check-placement.ts';
import type { PatchJob } from '../patches/job.ts';
import type { PatchParameters } from '../patches/parameters.ts';
import { type Placement, patchCount } from '../patches/placement.ts';
import { PatchPool } from '../patches/pool.ts';
import { type Recipe, withoutAugmentation } from '../patches/recipe.ts';
import { choosePrecision, type PrecisionChoice } from '../runtime/precision.ts';
import type { Program } from '../runtime/program.ts';
import { Runtime, type RuntimeOptions } from '../runtime/runtime.ts';
import { BagMean } from './bag-mean.ts';
import { type Feature, featureGraph, featureWidth } from './feature-graph.ts';
import type { Matrix } from './matrix.ts';

export interface EmbedderOptions extends RuntimeOptions {
  readonly model: ModelConfig;
  /** A checkpoint's state serves as it is; where the run kept a moving average of its weights, that is used. */
  readonly weights: Weights;
  /** Patch size, scale and normalisation; its augmentation is switched off. */
  readonly recipe: Recipe;
  /** Default `preFeature`. */
  readonly feature?: Feature;
  /** What the network computes in; default float32. Vectors are float32 in any case. */
  readonly precision?: PrecisionChoice;
  /** Workers that cut patches; default 2. */
  readonly workers?: number;
  readonly workerUrl?: URL | string;
}

export interface EmbedOptions {
  /** Where the patches lie; default a grid, 5 across. */
  readonly placement?: Placement;
  /** Keep every patch's own vector. */
  readonly keepPatches?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** An image as a bag of patch embeddings. */
export interface Bag {
  /** The image's place in the set. */
  readonly index: number;
  /** The mean of the patches' vectors. */
  readonly vector: Float32Array;
  /** How many patches it is the mean of. */
  readonly count: number;
  /** With `keepPatches`: where each patch lies and its vector. */
  readonly patches?: readonly { readonly parameters: PatchParameters; readonly vector: Float32Array }[];
}

/** Patches in one run of the encoder. */
const BATCH = 256;
/** Patches in one job of the pool: four runs, so that padding the last costs little. */
const JOB = 4 * BATCH;

/** Turns images into bags with a trained encoder. */
export class Embedder implements AsyncDisposable {
  readonly width: number;

  private constructor(
    private readonly options: EmbedderOptions,
    readonly feature: Feature,
    readonly program: Program,
    private readonly pool: PatchPool,
  ) {
    this.width = featureWidth(options.model, feature);
  }

  static async create(options: EmbedderOptions): Promise<Embedder> {
    const { model, weights, feature = 'preFeature', onWarning = console.warn } = options;
    const runtime = await Runtime.open(options);
    const precision = choosePrecision(runtime, options.precision ?? 'float32', onWarning);
    const program = await compile(runtime, featureGraph(model, averagedWeights(weights), feature, BATCH, precision));
    const pool = await PatchPool.create({ workers: options.workers ?? 2, workerUrl: options.workerUrl });
    return new Embedder(options, feature, program, pool);
  }

  /** The bags of a set of images, in order. */
  async *embed(images: ImageSet, options: EmbedOptions = {}): AsyncGenerator<Bag, void, void> {
    const { placement = { kind: 'grid', across: 5 }, keepPatches = false, signal, onProgress } = options;
    const jobs = this.#jobs(images, checkPlacement(placement), keepPatches);
    let index = 0;
    for await (const batch of this.pool.stream(jobs, { ahead: 3 })) {
      const vectors = await this.#vectors(batch.data, batch.count);
      let at = 0;
      for (const count of batch.perImage) {
        if (signal?.aborted)
          throw new BagsslError('aborted', `Embedding was stopped after ${index} images.`, { cause: signal.reason });
        const first = at;
        const bag = new BagMean(this.width);
        for (; at < first + count; at++) bag.add(vectors, at * this.width);
        const vector = bag.mean();
        if (!Number.isFinite(vector[0])) {
          throw new BagsslError(
            'bad-model',
            `The encoder gave ${vector[0]} for image ${index}; its weights are damaged or diverged.`,
          );
        }
        const patches = keepPatches
          ? Array.from({ length: count }, (_, i) => ({
              parameters: batch.parameters![first + i],
              vector: vectors.slice((first + i) * this.width, (first + i + 1) * this.width),
            }))
          : undefined;
        yield { index, vector, count, patches };
        index++;
      }
      onProgress?.(index, images.length);
    }
  }

  /**
   * Jobs of about JOB patches that depend on nothing outside the block of images they lie in, so that a part of a set has the
   * bits of the whole.
   */
  async *#jobs(images: ImageSet, placement: Placement, keepParameters: boolean): AsyncGenerator<PatchJob, void, void> {
    const recipe = withoutAugmentation(this.options.recipe);
    const source = { kind: 'placed', placement } as const;
    const idOf = (index: number) => images.ids?.[index] ?? index;
    const blockOf = (index: number) => Math.floor(idOf(index) / BLOCK);
    const perJobOf = (width: number, height: number) =>
      Math.max(1, Math.floor(JOB / patchCount(placement, recipe, width, height)));
    // How many patches these make does not depend on the image; of the others it takes one to know.
    const first = placement.kind === 'grid' || placement.kind === 'random' ? perJobOf(1, 1) : 1;
    let perJob = first;
    for (let from = 0, to = 0; from < images.length; from = to) {
      if (from > 0 && blockOf(from) !== blockOf(from - 1)) perJob = first;
      do to++;
      while (to < images.length && to < from + perJob && blockOf(to) === blockOf(from));
      const pixels = await Promise.all(Array.from({ length: to - from }, (_, k) => images.image(from + k)));
      yield {
        recipe,
        images: pixels.map((image, k) => ({ id: idOf(from + k), pixels: image })),
        source,
        keepParameters,
      };
      perJob = Math.min(...pixels.map(({ width, height }) => perJobOf(width, height)));
    }
  }

  /** The vectors of all images as one matrix. */
  async matrix(images: ImageSet, options: EmbedOptions = {}): Promise<Matrix> {
    const data = new Float32Array(images.length * this.width);
    for await (const { index, vector } of this.embed(images, options)) data.set(vector, index * this.width);
    return { data, rows: images.length, columns: this.width };
  }

  async #vectors(patches: Float32Array, count: number): Promise<Float32Array> {
    const { size } = this.options.model;
    const each = 3 * size * size;
    const out = new Float32Array(count * this.width);
    for (let from = 0; from < count; from += BATCH) {
      const rows = Math.min(BATCH, count - from);
      let data = patches.subarray(from * each, (from + rows) * each);
      if (rows < BATCH) {
        const padded = new Float32Array(BATCH * each);
        padded.set(data);
        data = padded;
      }
      const result = await this.program.run({ patches: { data, shape: [BATCH, 3, size, size] } });
      out.set(result[this.feature].subarray(0, rows * this.width), from * this.width);
    }
    return out;
  }

  async dispose(): Promise<void> {
    await this.program.dispose();
    await this.pool.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
