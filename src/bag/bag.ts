import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { checkOptions, FUNCTION, given, type Rules, SWITCH } from '../base/options.ts';

/** A patch's place in its image, in pixels. */
export interface PatchBox {
  /** Left edge, px from the image's left. */
  readonly x: number;
  /** Top edge, px from the image's top. */
  readonly y: number;
  /** Px. */
  readonly width: number;
  /** Px. */
  readonly height: number;
}

/** An image as a bag of patch embeddings. */
export interface Bag {
  /** The image's place in the set, from 0 in the order they came. */
  readonly index: number;
  /** The mean of the patches' vectors. */
  readonly vector: Float32Array;
  /** How many patches it is the mean of. */
  readonly count: number;
  /** With `keepPatches`: every patch's own vector and position. */
  readonly patches?: PatchMap;
  /** With `whole`: the vector of the image's largest middle square as one patch, treated as `unit` treats the bag's. */
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

const BAG_RULES: Rules<BagOptions> = { unitPatches: SWITCH, unit: SWITCH };

/** The rules of `BagRequest`, for the options objects that include it. */
export const BAG_REQUEST_RULES: Rules<BagRequest> = { ...BAG_RULES, weigh: FUNCTION, keepPatches: SWITCH };

/** Makes one image's bag from its patches' vectors, as they come. */
export class BagBuilder {
  readonly #mean: BagMean;
  readonly #boxes: PatchBox[] = [];
  readonly #kept: Float32Array[] = [];

  constructor(
    private readonly index: number,
    private readonly width: number,
    private readonly request: BagRequest,
  ) {
    this.#mean = new BagMean(width, { unitPatches: request.unitPatches, unit: request.unit });
  }

  get count(): number {
    return this.#mean.count;
  }

  /** Adds the vector at `offset`; its box is needed where patches are weighed or kept. */
  add(data: Float32Array, offset: number, box?: PatchBox): void {
    const { weigh, keepPatches } = this.request;
    this.#mean.add(data, offset, weigh?.(box!, this.index));
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
      index: this.index,
      vector,
      count: this.count,
      ...(patches && { patches }),
      ...(whole && { whole: this.#whole(whole) }),
    };
  }

  #whole(vector: Float32Array): Float32Array {
    const alone = new BagMean(this.width, { unit: this.request.unit });
    alone.add(vector);
    const whole = alone.mean();
    this.#checkFinite(whole);
    return whole;
  }

  #checkFinite(vector: Float32Array): void {
    const bad = vector.find((value) => !Number.isFinite(value));
    if (bad === undefined) return;
    throw new BagsslError(
      'bad-model',
      `The encoder gave ${bad} for image ${this.index}; its weights are damaged or diverged.`,
    );
  }
}

/** How vectors become one. */
export interface BagOptions {
  /** Bring every patch's vector to length 1 before the mean; default false. */
  readonly unitPatches?: boolean;
  /** Bring the mean to length 1; default false. */
  readonly unit?: boolean;
}

/**
 * The bag's representation of an image: the mean of its patches' vectors, Σ w·v / Σ w. Vectors are added one by one in float64,
 * so a bag of any size takes the memory of one, and the order does not show in the float32 result. Vectors of length 0 stay so.
 */
export class BagMean {
  readonly #sum: Float64Array;
  #weight = 0;
  #count = 0;

  /** An empty bag of vectors of this width. @throws BagsslError `bad-argument` for one that is no whole number of at least 1 */
  constructor(
    /** Of the vectors, at least 1. */
    readonly width: number,
    private readonly options: BagOptions = {},
  ) {
    given(Number.isInteger(width) && width >= 1, width, 'width', 'a whole number of at least 1');
    checkOptions('BagMean', options, BAG_RULES);
    this.#sum = new Float64Array(width);
  }

  /** Vectors added. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds the vector that starts at `offset` in `data`.
   * @param weight finite, 0 or more
   * @throws BagsslError `bad-argument` for another weight; `shape-mismatch` where `data` ends before the vector does
   */
  add(data: Float32Array, offset = 0, weight = 1): void {
    if (!(weight >= 0 && weight < Infinity)) {
      throw new BagsslError('bad-argument', `A patch's weight is ${weight}; it must be a number, 0 or more.`);
    }
    if (offset + this.width > data.length) {
      throw new BagsslError(
        'shape-mismatch',
        `The bag's vectors have ${this.width} dimensions, but ${data.length - offset} numbers were given.`,
      );
    }
    const factor = this.options.unitPatches ? weight * inverseLength(data, offset, this.width) : weight;
    const sum = this.#sum;
    for (let i = 0; i < sum.length; i++) sum[i] += factor * data[offset + i];
    this.#weight += weight;
    this.#count++;
  }

  /** @throws BagsslError `bad-data` for a bag without patches, or all of weight 0: it has no mean */
  mean(): Float32Array {
    if (this.#count === 0) throw new BagsslError('bad-data', 'A bag without patches has no representation.');
    if (this.#weight === 0) {
      throw new BagsslError('bad-data', `The weights of all ${this.#count} patches are 0; such a bag has no mean.`);
    }
    const factor = this.options.unit ? inverseLength(this.#sum, 0, this.width) : 1 / this.#weight;
    return Float32Array.from(this.#sum, (total) => total * factor);
  }
}

/** 1/‖v‖, or 0 for the zero vector. */
function inverseLength(data: Float32Array | Float64Array, offset: number, width: number): number {
  let square = 0;
  for (let i = offset; i < offset + width; i++) square += data[i] * data[i];
  return square === 0 ? 0 : 1 / Math.sqrt(square);
}
