import { checkAborted } from '../base/aborted.ts';
import { blocksOf, type Matrix } from '../base/matrix.ts';
import { compile } from '../engine/compile.ts';
import { matmul, sub } from '../graph/functions.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** Rows of one product. */
const ROWS = 2000;

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
  const program = await compile(runtime, { white: matmul(sub(x, mu), w) });
  const data = new Float32Array(vectors.data.length);
  try {
    for (const { from, block } of blocksOf(vectors, rows, mean)) {
      checkAborted(signal, 'Whitening was stopped.');
      const { white } = await program.run({ x: { data: block, shape: [rows, width] } });
      data.set(white.subarray(0, Math.min(white.length, data.length - from)), from);
    }
  } finally {
    await program.dispose();
  }
  return { ...vectors, data };
}
