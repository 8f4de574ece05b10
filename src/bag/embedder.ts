import { checkAborted, unlessAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { givenOptions, givenParts } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { sayOnce } from '../base/shared.ts';
import type { AnyImage } from '../data/image-from.ts';
import { blockOf } from '../data/subset.ts';
import type { ModelConfig } from '../model/config.ts';
import type { Weights } from '../model/scope.ts';
import type { JobImage, PatchBatch, PatchJob } from '../patches/job.ts';
import { type Placement, patchCount } from '../patches/placement.ts';
import { PatchPool } from '../patches/pool.ts';
import { type Recipe, withoutAugmentation } from '../patches/recipe.ts';
import { choosePrecision, type PrecisionChoice } from '../runtime/precision.ts';
import type { Engine } from '../runtime/program.ts';
import { Runtime, type RuntimeOptions, runtimeOptions } from '../runtime/runtime.ts';
import { type Bag, BagBuilder, type BagRequest } from './bag.ts';
import { type BagPlacement, checkBagPlacement, type DensePlacement } from './bag-placement.ts';
import type { DenseBags } from './dense-bags.ts';
import type { EncoderProgram } from './encoder-program.ts';
import type { Feature } from './feature.ts';
import { countOf, type Images, pixelsOf } from './images-of.ts';
import type { Whitening } from './whitening.ts';

/** A trained network, and how it is run. */
export interface EmbedderOptions extends RuntimeOptions {
  /** The network; its patch size is the recipe's. */
  readonly model: ModelConfig;
  /** A checkpoint's state serves as it is; where the run kept a moving average of its weights, that is used. */
  readonly weights: Weights;
  /** Patch size, scale and normalisation; its augmentation is switched off. */
  readonly recipe: Recipe;
  /** Default `preFeature`. */
  readonly feature?: Feature;
  /** Whitens every vector, as learnt from a data set's bags of this feature. */
  readonly whitening?: Whitening;
  /** Where the patches lie unless a call says otherwise; default a grid, 5 across. */
  readonly placement?: BagPlacement;
  /** What the network computes in; default float32. Vectors are float32 in any case. */
  readonly precision?: PrecisionChoice;
  /** Workers that cut patches; default 2. 0: the calling thread does it. */
  readonly workers?: number;
  /** Where patches.worker.js lies, if not beside this module. */
  readonly workerUrl?: URL | string;
  /** Ends the opening ('aborted'); each call that embeds has its own. */
  readonly signal?: AbortSignal;
}

/** What is wanted of a bag. */
export interface EmbedOptions extends BagRequest {
  /** Where the patches lie; default the embedder's. `scales` makes a bag of several scales. */
  readonly placement?: BagPlacement;
  /** Embed the whole image, its largest middle square, beside the bag. */
  readonly whole?: boolean;
  /** Ends the call with `aborted` before its next image; the embedder stays usable. */
  readonly signal?: AbortSignal;
  /** Images done, of how many; Infinity where that is not known. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Patches in one run of the encoder, at most. */
const BATCH = 256;
/** A job of the pool is given images until it has so many patches. */
const JOB = 4 * BATCH;

/**
 * Turns images into bags with a trained encoder. Patches are cut ahead, in workers, while the encoder runs. An image smaller
 * than a patch is enlarged, as any crop smaller than the patch is.
 */
export class Embedder implements AsyncDisposable {
  /** Of the vectors. */
  readonly width: number;
  #disposed = false;
  #dense?: Promise<DenseBags>;

  private constructor(
    /** As it was created. */
    readonly options: EmbedderOptions,
    /** What of the network its vectors are. */
    readonly feature: Feature,
    private readonly runtime: Runtime,
    private readonly encoder: EncoderProgram,
    private readonly pool: PatchPool,
  ) {
    this.width = encoder.width;
  }

  /**
   * Starts ONNX Runtime and the workers, and compiles the network.
   * @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch`, `device-unavailable`; `bad-model` for a network of one
   * batch size; `worker-failed`; `aborted`
   */
  static async create(options: EmbedderOptions): Promise<Embedder> {
    givenParts(options, 'What Embedder.create is given', 'model', 'weights', 'recipe');
    const { placement, signal } = options;
    if (placement) checkBagPlacement(placement);
    return unlessAborted(
      signal,
      'Opening the embedder was stopped.',
      () => Embedder.#open(options),
      (late) => late.dispose(),
    );
  }

  static async #open(options: EmbedderOptions): Promise<Embedder> {
    const { model, weights, recipe, feature = 'preFeature', whitening, onWarning = sayOnce } = options;
    const [runtime, { encoderProgram }, own] = await Promise.all([
      Runtime.open(runtimeOptions(options)),
      import('./encoder-program.ts'),
      model.encoder.kind === 'onnx' ? import('../model/encoders/onnx.ts') : undefined,
    ]);
    const precision = choosePrecision(runtime, options.precision ?? 'float32', onWarning);
    const network = { model, weights, recipe, feature, whitening };
    const encoder = await encoderProgram(runtime, network, precision, own?.onnx);
    try {
      const pool = await PatchPool.create({ workers: options.workers ?? 2, workerUrl: options.workerUrl });
      return new Embedder(options, feature, runtime, encoder, pool);
    } catch (error) {
      await encoder.program.dispose();
      throw error;
    }
  }

  /** What the encoder runs on. */
  get engine(): Pick<Engine, 'device' | 'threads' | 'adapter'> {
    const { device, threads, adapter } = this.runtime;
    return { device, threads, adapter };
  }

  /** An image's bag vector, [width]. */
  async embed(image: AnyImage, options: EmbedOptions = {}): Promise<Float32Array> {
    return (await this.bag(image, options)).vector;
  }

  /** An image's bag. */
  async bag(image: AnyImage, options: EmbedOptions = {}): Promise<Bag> {
    for await (const bag of this.bags([image], options)) return bag;
    throw new Error('unreachable');
  }

  /**
   * The bags of many images, in order, as they are asked for: memory stays flat however many there are.
   * @throws BagsslError `bad-data` for an image that cannot be read; `bad-model` for vectors that are not finite; `aborted`;
   * `disposed`; `bad-argument`
   */
  async *bags(images: Images, options: EmbedOptions = {}): AsyncGenerator<Bag, void, void> {
    if (this.#disposed) throw new BagsslError('disposed', 'The embedder was disposed; create another.');
    givenOptions(options, 'an embedder', 'placement, signal');
    const { signal, onProgress } = options;
    const placement = checkBagPlacement(options.placement ?? this.options.placement ?? { kind: 'grid', across: 5 });
    const total = countOf(images);
    let done = 0;
    const bags =
      placement.kind === 'dense'
        ? this.#everywhere(images, placement, options)
        : this.#placed(images, placement, options);
    for await (const bag of bags) {
      checkAborted(signal, `Embedding was stopped after ${done} images.`);
      yield bag;
      done++;
      onProgress?.(done, total);
    }
  }

  /**
   * From a patch of the `dense` bag to the next, px of what the encoder sees.
   * @throws BagsslError `bad-model` for an encoder that has none, saying why
   */
  async denseStride(): Promise<number> {
    return (await this.#denseBags()).stride;
  }

  /** The vectors of all images as one matrix. */
  async matrix(images: Images, options: EmbedOptions = {}): Promise<Matrix> {
    const total = countOf(images);
    let data = new Float32Array(this.width * (Number.isFinite(total) ? total : 64));
    let rows = 0;
    for await (const { vector } of this.bags(images, options)) {
      if (rows * this.width === data.length) {
        const larger = new Float32Array(2 * data.length);
        larger.set(data);
        data = larger;
      }
      data.set(vector, rows++ * this.width);
    }
    return { data: data.subarray(0, rows * this.width), rows, columns: this.width };
  }

  /** Loaded when first asked for: few pages do. */
  #denseBags(): Promise<DenseBags> {
    this.#dense ??= import('./dense-bags.ts').then(
      ({ DenseBags }) => new DenseBags(this.runtime, this.encoder.patch(), this.options.recipe),
    );
    return this.#dense;
  }

  /** Bags of all patches of images encoded whole. */
  async *#everywhere(
    images: Images,
    placement: DensePlacement,
    options: EmbedOptions,
  ): AsyncGenerator<Bag, void, void> {
    const wholes = options.whole ? (some: readonly Pixels[]) => this.#wholes(some) : undefined;
    yield* (await this.#denseBags()).of(numbered(images), { ...options, placement, wholes });
  }

  /** Bags of patches that workers cut. */
  async *#placed(images: Images, placement: Placement, options: EmbedOptions): AsyncGenerator<Bag, void, void> {
    let first = 0;
    for await (const batch of this.pool.stream(this.#jobs(images, placement, options))) {
      yield* this.#ofBatch(batch, first, options);
      first += batch.perImage.length;
    }
  }

  /**
   * Jobs of about JOB patches that depend on nothing outside the block of images they lie in, so that a part of a set has the
   * bits of the whole.
   */
  async *#jobs(images: Images, placement: Placement, options: EmbedOptions): AsyncGenerator<PatchJob, void, void> {
    const { whole, weigh, keepPatches } = options;
    const recipe = withoutAugmentation(this.options.recipe);
    const source = { kind: 'placed', placement, whole } as const;
    const keepParameters = keepPatches || weigh !== undefined;
    const job = (list: readonly JobImage[]) => ({ recipe, images: list, source, keepParameters });
    let list: JobImage[] = [];
    let patches = 0;
    for await (const { id, pixels } of numbered(images)) {
      const more = patchCount(placement, recipe, pixels.width, pixels.height) + (whole ? 1 : 0);
      const border = list.length > 0 && blockOf(id) !== blockOf(list[0].id);
      if (border || (list.length > 0 && patches + more > JOB)) {
        yield job(list);
        list = [];
        patches = 0;
      }
      list.push({ id, pixels });
      patches += more;
    }
    if (list.length > 0) yield job(list);
  }

  /** The vectors of images as one patch each, their largest middle squares. */
  async #wholes(images: readonly Pixels[]): Promise<Float32Array> {
    const { size } = this.options.recipe;
    const { data, count } = await this.pool.cut({
      recipe: withoutAugmentation(this.options.recipe),
      images: images.map((pixels, id) => ({ id, pixels })),
      source: { kind: 'placed', placement: { kind: 'grid', across: 1, scales: [1] } },
    });
    return (await this.encoder.program.run({ patches: { data, shape: [count, 3, size, size] } }))[this.feature];
  }

  /** The bags of a batch of patches; `first` is the number of its first image. */
  async *#ofBatch(batch: PatchBatch, first: number, options: EmbedOptions): AsyncGenerator<Bag, void, void> {
    const { size } = this.options.recipe;
    const { width, feature } = this;
    const each = 3 * size * size;
    let image = 0;
    let bag = new BagBuilder(first, width, options);
    for (let from = 0; from < batch.count; from += BATCH) {
      const rows = Math.min(BATCH, batch.count - from);
      const data = batch.data.subarray(from * each, (from + rows) * each);
      const vectors = (await this.encoder.program.run({ patches: { data, shape: [rows, 3, size, size] } }))[feature];
      for (let row = 0; row < rows; row++) {
        const placed = batch.perImage[image] - (options.whole ? 1 : 0);
        const whole = bag.count === placed ? vectors.subarray(row * width, (row + 1) * width) : undefined;
        if (!whole) bag.add(vectors, row * width, batch.parameters?.[from + row]);
        if (bag.count < placed || (options.whole && !whole)) continue;
        yield bag.finish(whole);
        image++;
        bag = new BagBuilder(first + image, width, options);
      }
    }
  }

  /** Frees the program and ends the workers; a second time does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.pool.dispose();
    await this.encoder.program.dispose();
    await (await this.#dense)?.dispose();
  }

  /** As `dispose`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** Images with what names them in random draws. */
async function* numbered(images: Images): AsyncGenerator<{ id: number; pixels: Pixels }, void, void> {
  const ids = 'ids' in images ? images.ids : undefined;
  let index = 0;
  for await (const pixels of pixelsOf(images)) {
    yield { id: ids?.[index] ?? index, pixels };
    index++;
  }
}
