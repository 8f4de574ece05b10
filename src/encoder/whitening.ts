import { BagsslError } from '../base/errors.ts';
import { checkMatrix, type Matrix } from '../base/matrix.ts';
import { aboveZero, checkOptions, given, givenParts, type Rules, SIGNAL } from '../base/options.ts';
import { isA } from '../base/values.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** How directions of little variance are scaled. */
export interface WhiteningOptions {
  /** Added to every variance, as a share of their mean: directions far below it stay small. Default 0.01; above 0. */
  readonly ridge?: number;
  /** Stops the work with an `aborted` error. */
  readonly signal?: AbortSignal;
}

const RULES: Rules<WhiteningOptions> = { ridge: aboveZero(), signal: SIGNAL };

/**
 * Bag vectors with the data set's mean taken off and every direction brought to one scale, v ← C^(−½)·(v − μ), C their
 * covariance (ZCA). Averages of patch embeddings share most of their length in few directions, which cosines then compare
 * above all; whitened ones are compared in all of them (docs/recipe.md has what it gains).
 */
export class Whitening {
  /**
   * From its two parts, such as a file keeps them; `fit` learns them.
   * @param mean [width]
   * @param matrix [width, width], symmetric
   */
  constructor(
    readonly mean: Float32Array,
    readonly matrix: Float32Array,
  ) {
    for (const part of [mean, matrix])
      given(isA(part, 'Float32Array'), part, 'A part of a whitening', 'a Float32Array');
    if (mean.length === 0 || matrix.length !== mean.length ** 2) {
      throw new BagsslError(
        'shape-mismatch',
        `A whitening of ${mean.length} dimensions needs a matrix of ${mean.length ** 2} numbers, got ${matrix.length}.`,
      );
    }
  }

  /**
   * From the vectors of a data set; the more vectors compared with their width, the better.
   * @throws BagsslError `bad-data` for fewer than two vectors or vectors that are not finite, `bad-argument`, `aborted`
   */
  static async fit(runtime: Runtime, vectors: Matrix, options: WhiteningOptions = {}): Promise<Whitening> {
    givenParts(runtime, 'runtime', 'device', 'compile');
    checkMatrix(vectors, 'What is whitened');
    checkOptions('Whitening.fit', options, RULES);
    const { ridge = 0.01, signal } = options;
    const { learnWhitening } = await import('./whitening-programs.ts');
    const { mean, matrix } = await learnWhitening(runtime, vectors, ridge, signal);
    return new Whitening(mean, matrix);
  }

  /** Dimensions of the vectors. */
  get width(): number {
    return this.mean.length;
  }

  /** One vector [width], whitened: a new one. @throws BagsslError `shape-mismatch` */
  apply(vector: Float32Array): Float32Array {
    const { mean, matrix, width } = this;
    if (vector.length !== width) {
      throw new BagsslError(
        'shape-mismatch',
        `The whitening is of ${width} dimensions, the vector of ${vector.length}.`,
      );
    }
    const white = new Float64Array(width);
    for (let i = 0; i < width; i++) {
      const centred = vector[i] - mean[i];
      for (let j = 0; j < width; j++) white[j] += centred * matrix[i * width + j];
    }
    return Float32Array.from(white);
  }

  /** All rows, whitened, as a new matrix. @throws BagsslError `shape-mismatch`, `aborted` */
  async applyAll(runtime: Runtime, vectors: Matrix, options: Pick<WhiteningOptions, 'signal'> = {}): Promise<Matrix> {
    checkOptions('Whitening.applyAll', options, { signal: SIGNAL });
    const { width } = this;
    if (vectors.columns !== width) {
      throw new BagsslError(
        'shape-mismatch',
        `The whitening is of ${width} dimensions, the vectors of ${vectors.columns}.`,
      );
    }
    const { whitenRows } = await import('./whitening-programs.ts');
    return whitenRows(runtime, this, vectors, options.signal);
  }
}
