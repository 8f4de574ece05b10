import { identity } from '../base/matrix.ts';
import { inLoop } from '../engine/compiled-loop.ts';
import { matmul, scale, sub } from '../graph/functions.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { Runtime } from '../runtime/runtime.ts';

/**
 * A^¼ and A^−¼ of a symmetric matrix [d, d] whose least eigenvalue is at least `least` of its trace: A^±½ by the coupled Newton–Schulz
 * iteration (Higham, Functions of Matrices, 6.35), then the square root of that in the same way.
 */
export async function fourthRoot(
  runtime: Runtime,
  matrix: Float32Array,
  least: number,
  kind: 'root' | 'inverse',
): Promise<Float32Array> {
  const half = await squareRoot(runtime, matrix, least, kind);
  // The eigenvalues of a root span the root of what those of the matrix do.
  return squareRoot(runtime, half, Math.sqrt(least) / Math.sqrt(matrix.length), 'root');
}

/** A^½ or A^−½. T = (3I − ZY)/2, Y ← YT, Z ← TZ, from Y = A over its trace and Z = I: Y → A^½, Z → A^−½. */
async function squareRoot(
  runtime: Runtime,
  matrix: Float32Array,
  least: number,
  kind: 'root' | 'inverse',
): Promise<Float32Array> {
  const d = Math.sqrt(matrix.length);
  let trace = 0;
  for (let i = 0; i < d; i++) trace += matrix[i * d + i];
  const graph = createGraph();
  const one = graph.constant(identity(d, 1), [d, d]);
  const threeHalves = graph.constant(identity(d, 1.5), [d, d]);
  let y: Value = scale(graph.input('matrix', [d, d]), 1 / trace);
  let z: Value = one;
  // The least eigenvalue's root grows by half a step until it is near its end.
  const steps = Math.ceil(Math.log(1 / least) / 2 / Math.log(1.5)) + 6;
  for (let k = 0; k < steps; k++) {
    const t = sub(threeHalves, scale(matmul(z, y), 0.5));
    [y, z] = [matmul(y, t), matmul(t, z)];
  }
  const found = kind === 'root' ? scale(y, Math.sqrt(trace)) : scale(z, 1 / Math.sqrt(trace));
  return inLoop(runtime, { reads: { found } }, async (loop) => {
    const { found: values } = await loop.run({ matrix: { data: matrix, shape: [d, d] } }, ['found']);
    return values;
  });
}

/** a · b, b a square matrix. */
export async function product(runtime: Runtime, a: Float32Array, b: Float32Array): Promise<Float32Array> {
  const d = Math.sqrt(b.length);
  const shape = [a.length / d, d];
  const graph = createGraph();
  const found = matmul(graph.input('a', shape), graph.input('b', [d, d]));
  return inLoop(runtime, { reads: { found } }, async (loop) => {
    const feeds = { a: { data: a, shape }, b: { data: b, shape: [d, d] } };
    return (await loop.run(feeds, ['found'])).found;
  });
}
