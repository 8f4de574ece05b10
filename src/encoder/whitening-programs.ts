import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { blocksOf, identity, type Matrix } from '../base/matrix.ts';
import { inLoop } from '../engine/compiled-loop.ts';
import { add, matmul, scale, sub, transposed } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Rows of one product. */
const ROWS = 2000;

/** A data set's mean and the root of its inverse covariance, as `Whitening` has them. */
export async function learnWhitening(
  runtime: Runtime,
  vectors: Matrix,
  ridge: number,
  signal?: AbortSignal,
): Promise<{ mean: Float32Array; matrix: Float32Array }> {
  if (vectors.rows < 2) {
    throw new BagsslError('bad-data', `Whitening is learnt from at least 2 vectors, got ${vectors.rows}.`);
  }
  const mean = meanOf(vectors);
  const covariance = await covarianceOf(runtime, vectors, mean, signal);
  checkAborted(signal, STOPPED);
  return { mean, matrix: await inverseRoot(runtime, covariance, ridge) };
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

const STOPPED = 'Learning a whitening was stopped.';

/** (1/n) Σ (v − μ)(v − μ)ᵀ, [width, width]. */
async function covarianceOf(
  runtime: Runtime,
  vectors: Matrix,
  mean: Float32Array,
  signal?: AbortSignal,
): Promise<Float32Array> {
  const { columns, rows: n } = vectors;
  const rows = Math.min(ROWS, n);
  const graph = createGraph();
  const centred = sub(graph.input('x', [rows, columns]), graph.constant(mean, [columns]));
  const total = new Float64Array(columns * columns);
  await inLoop(runtime, { reads: { part: matmul(transposed(centred), centred) } }, async (loop) => {
    // The mean itself fills the last block up: it adds nothing.
    for (const { block } of blocksOf(vectors, rows, mean)) {
      checkAborted(signal, STOPPED);
      const { part } = await loop.run({ x: { data: block, shape: [rows, columns] } }, ['part']);
      for (let i = 0; i < total.length; i++) total[i] += part[i] / n;
    }
  });
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
  const diagonal = (value: number) => graph.constant(identity(d, value), [d, d]);
  const bound = trace * (1 + ridge);
  let y: Value = add(scale(graph.input('covariance', [d, d]), 1 / bound), diagonal((ridge * trace) / d / bound));
  let z: Value = diagonal(1);
  const steps = Math.ceil(Math.log((d * (1 + ridge)) / ridge) / 2 / Math.log(1.5)) + 6;
  const half = diagonal(1.5);
  for (let k = 0; k < steps; k++) {
    const t = sub(half, scale(matmul(z, y), 0.5));
    [y, z] = [matmul(y, t), matmul(t, z)];
  }
  return inLoop(runtime, { reads: { root: scale(z, 1 / Math.sqrt(bound)) } }, async (loop) => {
    const { root } = await loop.run({ covariance: { data: covariance, shape: [d, d] } }, ['root']);
    if (!root.every(Number.isFinite))
      throw new BagsslError(
        'bad-data',
        `A ridge of ${ridge} is too small for these vectors; give a larger one, such as 0.01.`,
      );
    return root;
  });
}

/** All rows of a matrix as wide as the whitening, whitened. */
export async function whitenRows(
  runtime: Runtime,
  { mean, matrix }: { readonly mean: Float32Array; readonly matrix: Float32Array },
  vectors: Matrix,
  signal?: AbortSignal,
): Promise<Matrix> {
  const width = mean.length;
  const rows = Math.min(ROWS, vectors.rows);
  const graph = createGraph();
  const [x, w, mu] = [
    graph.input('x', [rows, width]),
    graph.constant(matrix, [width, width]),
    graph.constant(mean, [width]),
  ];
  const data = new Float32Array(vectors.data.length);
  await inLoop(runtime, { reads: { white: matmul(sub(x, mu), w) } }, async (loop) => {
    for (const { from, block } of blocksOf(vectors, rows, mean)) {
      checkAborted(signal, 'Whitening was stopped.');
      const { white } = await loop.run({ x: { data: block, shape: [rows, width] } }, ['white']);
      data.set(white.subarray(0, Math.min(white.length, data.length - from)), from);
    }
  });
  return { ...vectors, data };
}
