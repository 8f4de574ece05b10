import { compile } from '../engine/compile.ts';
import { BagsslError } from '../errors.ts';
import { add, matmul, scale, sub, transposed } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Matrix } from './matrix.ts';

/** How directions of little variance are scaled. */
export interface WhiteningOptions {
  /** Added to every variance, as a share of their mean: directions far below it stay small. Default 0.01; above 0. */
  readonly ridge?: number;
}

/** Rows of one product when the covariance is added up. */
const ROWS = 2000;

/**
 * Bag vectors with the data set's mean taken off and every direction brought to one scale, v ← C^(−½)·(v − μ), C their
 * covariance (ZCA). Averages of patch embeddings share most of their length in few directions, which cosines then compare
 * above all; whitened ones are compared in all of them (docs/recipe.md has what it gains).
 */
export class Whitening {
  /**
   * @param mean [width]
   * @param matrix [width, width], symmetric
   */
  constructor(
    readonly mean: Float32Array,
    readonly matrix: Float32Array,
  ) {
    if (mean.length === 0 || matrix.length !== mean.length ** 2) {
      throw new BagsslError(
        'shape-mismatch',
        `A whitening of ${mean.length} dimensions needs a matrix of ${mean.length ** 2} numbers, got ${matrix.length}.`,
      );
    }
  }

  /**
   * From the vectors of a data set; the more of them beside their width, the better.
   * @throws BagsslError `bad-data` for fewer than two vectors or vectors that are not finite, `bad-argument`
   */
  static async fit(runtime: Runtime, vectors: Matrix, { ridge = 0.01 }: WhiteningOptions = {}): Promise<Whitening> {
    if (!(ridge > 0 && Number.isFinite(ridge))) {
      throw new BagsslError('bad-argument', `ridge must be a positive number, got ${ridge}.`);
    }
    if (vectors.rows < 2) {
      throw new BagsslError('bad-data', `Whitening is learnt from at least 2 vectors, got ${vectors.rows}.`);
    }
    const mean = meanOf(vectors);
    const covariance = await covarianceOf(runtime, vectors, mean);
    return new Whitening(mean, await inverseRoot(runtime, covariance, ridge));
  }

  get width(): number {
    return this.mean.length;
  }

  /** One vector, whitened. */
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

  /** All rows, whitened. */
  async applyAll(runtime: Runtime, vectors: Matrix): Promise<Matrix> {
    const { mean, matrix, width } = this;
    if (vectors.columns !== width) {
      throw new BagsslError(
        'shape-mismatch',
        `The whitening is of ${width} dimensions, the vectors of ${vectors.columns}.`,
      );
    }
    const rows = Math.min(ROWS, vectors.rows);
    const graph = createGraph();
    const [x, w, mu] = [
      graph.input('x', [rows, width]),
      graph.constant(matrix, [width, width]),
      graph.constant(mean, [width]),
    ];
    const program = await compile(runtime, { white: matmul(sub(x, mu), w) });
    const data = new Float32Array(vectors.data.length);
    try {
      for (const { from, block } of blocks(vectors, rows, mean)) {
        const { white } = await program.run({ x: { data: block, shape: [rows, width] } });
        data.set(white.subarray(0, Math.min(white.length, data.length - from)), from);
      }
    } finally {
      await program.dispose();
    }
    return { ...vectors, data };
  }
}

function meanOf({ data, rows, columns }: Matrix): Float32Array {
  const total = new Float64Array(columns);
  for (let at = 0; at < rows * columns; at++) total[at % columns] += data[at];
  const mean = Float32Array.from(total, (sum) => sum / rows);
  const bad = mean.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new BagsslError('bad-data', `The vectors' mean is ${mean[bad]} in dimension ${bad}; they must be finite.`);
  return mean;
}

/** So many rows at a time as one array, the last one filled up with `filler` rows. */
function* blocks({ data, columns }: Matrix, rows: number, filler: Float32Array) {
  for (let from = 0; from < data.length; from += rows * columns) {
    const part = data.subarray(from, from + rows * columns);
    if (part.length === rows * columns) {
      yield { from, block: part };
      continue;
    }
    const block = new Float32Array(rows * columns);
    block.set(part);
    for (let at = part.length; at < block.length; at += columns) block.set(filler, at);
    yield { from, block };
  }
}

/** (1/n) Σ (v − μ)(v − μ)ᵀ, [width, width]. */
async function covarianceOf(runtime: Runtime, vectors: Matrix, mean: Float32Array): Promise<Float32Array> {
  const { columns, rows: n } = vectors;
  const rows = Math.min(ROWS, n);
  const graph = createGraph();
  const centred = sub(graph.input('x', [rows, columns]), graph.constant(mean, [columns]));
  const program = await compile(runtime, { part: matmul(transposed(centred), centred) });
  const total = new Float64Array(columns * columns);
  try {
    // The mean itself fills the last block up: it adds nothing.
    for (const { block } of blocks(vectors, rows, mean)) {
      const { part } = await program.run({ x: { data: block, shape: [rows, columns] } });
      for (let i = 0; i < total.length; i++) total[i] += part[i] / n;
    }
  } finally {
    await program.dispose();
  }
  return Float32Array.from(total);
}

/**
 * (C + ridge·v·I)^(−½), v the mean variance, by the coupled Newton–Schulz iteration (Higham, Functions of Matrices, 6.35):
 *   T = (3I − ZY)/2,  Y ← YT,  Z ← TZ,  from Y = A, Z = I with A's eigenvalues in (0, 1]: Z → A^(−½).
 * Products alone, as for the coding rate. The least eigenvalue's root grows by half a step until it is near its end.
 */
async function inverseRoot(runtime: Runtime, covariance: Float32Array, ridge: number): Promise<Float32Array> {
  const d = Math.sqrt(covariance.length);
  let trace = 0;
  for (let i = 0; i < d; i++) trace += covariance[i * d + i];
  if (trace === 0) throw new BagsslError('bad-data', 'All vectors are the same, so there is nothing to whiten.');
  const graph = createGraph();
  const identity = (k: number) => {
    const data = new Float32Array(d * d);
    for (let i = 0; i < d; i++) data[i * d + i] = k;
    return graph.constant(data, [d, d]);
  };
  const bound = trace * (1 + ridge);
  let y: Value = add(scale(graph.input('covariance', [d, d]), 1 / bound), identity((ridge * trace) / d / bound));
  let z: Value = identity(1);
  const steps = Math.ceil(Math.log((d * (1 + ridge)) / ridge) / 2 / Math.log(1.5)) + 6;
  const half = identity(1.5);
  for (let k = 0; k < steps; k++) {
    const t = sub(half, scale(matmul(z, y), 0.5));
    [y, z] = [matmul(y, t), matmul(t, z)];
  }
  const program = await compile(runtime, { root: scale(z, 1 / Math.sqrt(bound)) });
  try {
    return (await program.run({ covariance: { data: covariance, shape: [d, d] } })).root;
  } finally {
    await program.dispose();
  }
}
