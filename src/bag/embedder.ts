import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { checkOptions, FUNCTION, OBJECT, type Rules, SIGNAL, SWITCH } from '../base/options.ts';
import type { AnyImage } from '../data/image-from.ts';
import { checkPlaced } from '../encoder/bag-layout.ts';
import { type BagPlacement, checkBagPlacement } from '../encoder/bag-placement.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { Precision } from '../graph/graph.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import type { Engine } from '../runtime/program.ts';
import { BAG_REQUEST_RULES, type Bag, type BagRequest } from './bag.ts';
import type { BagMaker, NumberedImage } from './bag-maker.ts';
import { countOf, type Images, ON_ERROR, type OnError, type PlacedImage, pixelsOf } from './images-of.ts';

/** What is wanted of a bag. */
export interface EmbedOptions extends BagRequest {
  /** Where the patches lie; default the encoder's. `scales` makes a bag of several scales. */
  readonly placement?: BagPlacement;
  /** Embed the whole image, its largest middle square, as one more vector beside the bag. */
  readonly whole?: boolean;
  /** Of `bags` and `matrix`: what is done about an image that cannot be read. Default `throw`. */
  readonly onError?: OnError;
  /** Stops the call with `aborted` before its next image; the embedder stays usable. */
  readonly signal?: AbortSignal;
  /** Called after every image: how many are done, of how many. Infinity where the number is not known. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<EmbedOptions> = {
  ...BAG_REQUEST_RULES,
  placement: OBJECT,
  whole: SWITCH,
  onError: ON_ERROR,
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/**
 * Turns images into bags with a trained encoder; `createEmbedder` makes one. Workers cut patches ahead while the encoder runs.
 * An image smaller than a patch is enlarged, as any crop smaller than the patch is.
 */
export class Embedder implements AsyncDisposable {
  /** Of the vectors. */
  readonly width: number;
  #disposed = false;

  /** For `createEmbedder`. */
  constructor(
    /** What it embeds with. */
    readonly encoder: PatchEncoder | OnnxEncoder,
    private readonly runtime: Pick<Engine, 'device' | 'threads' | 'adapter'>,
    private readonly maker: BagMaker,
  ) {
    this.width = maker.width;
  }

  /** What the encoder runs on. */
  get engine(): Pick<Engine, 'device' | 'threads' | 'adapter'> {
    const { device, threads, adapter } = this.runtime;
    return { device, threads, adapter };
  }

  /** What the network computes in. Vectors are float32 in any case. */
  get precision(): Precision {
    return this.maker.precision;
  }

  /** An image's bag vector, [width]. */
  async embed(image: AnyImage, options: EmbedOptions = {}): Promise<Float32Array> {
    return (await this.bag(image, options)).vector;
  }

  /** An image's bag. */
  async bag(image: AnyImage, options: EmbedOptions = {}): Promise<Bag> {
    for await (const bag of this.bags([image], { ...options, onError: 'throw' })) return bag;
    throw new Error('unreachable');
  }

  /**
   * The bags of many images, in order, as they are asked for: memory stays flat however many there are. A bag's `index` is its image's
   * place, images that were skipped included.
   * @throws BagsslError `bad-data` for an image that cannot be read, unless `onError` says otherwise; `bad-model` for vectors that are not finite; `aborted`;
   * `disposed`; `bad-argument`
   */
  async *bags(images: Images, options: EmbedOptions = {}): AsyncGenerator<Bag, void, void> {
    if (this.#disposed) throw new BagsslError('disposed', 'The embedder was disposed; create another.');
    checkOptions('embed', options, RULES);
    const { signal, onProgress } = options;
    const placement = checkBagPlacement(options.placement ?? this.encoder.placement);
    const { encoder, maker } = this;
    if ('layout' in encoder) checkPlaced(encoder.layout, placement, options);
    const total = countOf(images);
    const pixels = pixelsOf(images, options.onError, maker.shortSide?.(placement), maker.read);
    const numbered = withNumbers(images, pixels);
    for await (const bag of maker.of(numbered, { ...options, placement })) {
      checkAborted(signal, `Embedding was stopped after ${bag.index} images.`);
      yield bag;
      onProgress?.(bag.index + 1, total);
    }
  }

  /**
   * The distance from one patch of the `dense` bag to the next, px of what the encoder sees.
   * @throws BagsslError `bad-model` for an encoder that has no dense bag, saying why
   */
  async denseStride(): Promise<number> {
    return this.maker.denseStride();
  }

  /** The vectors of all images as one matrix; images that were skipped have no row. */
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

  /** Frees the program and stops the workers. Calling it again does nothing. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.maker.dispose();
  }

  /** As `dispose`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}

/** Images with the numbers that name them in random draws. */
async function* withNumbers(
  images: Images,
  placed: AsyncIterable<PlacedImage>,
): AsyncGenerator<NumberedImage, void, void> {
  const ids = 'ids' in images ? images.ids : undefined;
  for await (const { index, pixels } of placed) yield { id: ids?.[index] ?? index, index, pixels };
}
