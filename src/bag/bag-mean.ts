import { BagsslError } from '../base/errors.ts';
import { checkOptions, given, type Rules, SWITCH } from '../base/options.ts';

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

/** How vectors become one. */
export interface BagOptions {
  /** Bring every patch's vector to length 1 before the mean; default false. */
  readonly unitPatches?: boolean;
  /** Bring the mean to length 1; default false. */
  readonly unit?: boolean;
}

export const BAG_RULES: Rules<BagOptions> = { unitPatches: SWITCH, unit: SWITCH };

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
