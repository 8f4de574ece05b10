import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { FUNCTION, type Rules, SWITCH } from '../base/options.ts';
import { BAG_RULES, BagMean, type BagOptions, type PatchBox } from './bag-mean.ts';

/** An image as a bag of patch embeddings. */
export interface Bag {
  /** The image's place in the set, from 0 in the order they came. */
  readonly index: number;
  /** The mean of the patches' vectors, or as the encoder's layout makes it of them. */
  readonly vector: Float32Array;
  /** How many patches it is the mean of. */
  readonly count: number;
  /** With `keepPatches`: every patch's own vector and position. */
  readonly patches?: PatchMap;
  /** With `whole`: the vector of the image's largest middle square as one patch, as the only patch of a bag. */
  readonly whole?: Float32Array;
}

/** A bag opened up: row i of the vectors is of the patch at box i. */
export interface PatchMap {
  /** Where each patch lies in the image. */
  readonly boxes: readonly PatchBox[];
  /** Row i is the vector of the patch in box i, [patches, width]. */
  readonly vectors: Matrix;
}

export interface BagRequest extends BagOptions {
  /** A patch's weight in the mean, 0 or more; default 1. */
  readonly weigh?: (box: PatchBox, image: number) => number;
  /** Keep every patch's own vector. */
  readonly keepPatches?: boolean;
}

/** The rules of `BagRequest`, for the options objects that include it. */
export const BAG_REQUEST_RULES: Rules<BagRequest> = { ...BAG_RULES, weigh: FUNCTION, keepPatches: SWITCH };

/** The image of a bag. */
export interface BagImage {
  /** Its place in the set, from 0. */
  readonly index: number;
  /** Px. */
  readonly width: number;
  /** Px. */
  readonly height: number;
}

/** The vectors of an image's patches, as they come. */
export interface Collected {
  readonly count: number;
  /** @param box needed by layouts of several parts */
  add(data: Float32Array, offset: number, weight?: number, box?: PatchBox): void;
  mean(): Float32Array;
}

/** How a layout of several parts collects them. */
export interface PartsOf {
  /** Vectors side by side. */
  readonly count: number;
  collect(image: BagImage, width: number, options: BagOptions): Collected;
}

/** Makes one image's bag from its patches' vectors, as they come. */
export class BagBuilder {
  readonly #mean: Collected;
  readonly #boxes: PatchBox[] = [];
  readonly #kept: Float32Array[] = [];

  /**
   * @param width of a patch's vector
   * @param parts of the layout; absent: one mean
   */
  constructor(
    private readonly image: BagImage,
    private readonly width: number,
    private readonly request: BagRequest,
    private readonly parts?: PartsOf,
  ) {
    const { unitPatches, unit } = request;
    this.#mean = this.#collect({ unitPatches, unit });
  }

  get count(): number {
    return this.#mean.count;
  }

  /** Adds the vector at `offset`; its box is needed where patches are weighed or kept, and by layouts of several parts. */
  add(data: Float32Array, offset: number, box?: PatchBox): void {
    const { weigh, keepPatches } = this.request;
    this.#mean.add(data, offset, weigh?.(box!, this.image.index), box);
    if (!keepPatches) return;
    const { x, y, width, height } = box!;
    this.#boxes.push({ x, y, width, height });
    this.#kept.push(data.slice(offset, offset + this.width));
  }

  /**
   * @param whole the vector of the whole image
   * @throws BagsslError `bad-model` for vectors that are not finite; `bad-data` for a bag without a mean
   */
  finish(whole?: Float32Array): Bag {
    const vector = this.#mean.mean();
    this.#checkFinite(vector);
    let patches: PatchMap | undefined;
    if (this.request.keepPatches) {
      const data = new Float32Array(this.count * this.width);
      this.#kept.forEach((kept, row) => {
        data.set(kept, row * this.width);
      });
      patches = { boxes: this.#boxes, vectors: { data, rows: this.count, columns: this.width } };
    }
    return {
      index: this.image.index,
      vector,
      count: this.count,
      ...(patches && { patches }),
      ...(whole && { whole: this.#whole(whole) }),
    };
  }

  #whole(vector: Float32Array): Float32Array {
    const { width, height } = this.image;
    const alone = this.#collect({ unit: this.request.unit });
    alone.add(vector, 0, 1, { x: 0, y: 0, width, height });
    const whole = alone.mean();
    this.#checkFinite(whole);
    return whole;
  }

  #collect(options: BagOptions): Collected {
    return this.parts?.collect(this.image, this.width, options) ?? new BagMean(this.width, options);
  }

  #checkFinite(vector: Float32Array): void {
    const bad = vector.find((value) => !Number.isFinite(value));
    if (bad === undefined) return;
    throw new BagsslError(
      'bad-model',
      `The encoder gave ${bad} for image ${this.image.index}; its weights are damaged or diverged.`,
    );
  }
}
