import { conv, convTranspose, expand, type Geometry, matmul, reshape, slice, transposed } from '../graph/functions.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { type ConvolutionForm, type Forms, PLAIN } from '../graph/lowering/forms.ts';
import { lower } from '../graph/lowering/lower.ts';
import { createGraph } from '../graph/ops/index.ts';
import { writeOnnx } from '../graph/write-onnx.ts';
import type { Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';

const SAME: Geometry = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] };
const HALVING: Geometry = { ...SAME, strides: [2, 2] };
const ROUNDS = 2;
const MARGIN = 0.9;
/** Positions: between the 4×4 and 8×8 that are measured. */
const SMALLEST = 32;

/**
 * The forms that an adapter runs fastest, measured on batches of `images`: one probe per kind of node. The node keeps its form
 * unless another is faster by a tenth.
 */
export async function measureForms(runtime: Runtime, images = 256): Promise<Forms> {
  const smallConvolution = (graph: Graph) =>
    conv(given(graph, 'x', [images, 128, 4, 4]), given(graph, 'w', [128, 128, 3, 3]), SAME);
  const time = (build: (graph: Graph) => Value, forms: readonly Forms[]) => fastest(runtime, build, forms);

  const [product] = await time(
    (graph) => matmul(given(graph, 'a', [images * 32, 576]), transposed(given(graph, 'b', [64, 576]))),
    [PLAIN, { ...PLAIN, product: 'gemm' }],
  );
  const [{ transpose }] = await time(
    (graph) => transposed(given(graph, 'x', [images * 16, 256])),
    [PLAIN, { ...PLAIN, transpose: 'apart' }],
  );
  const shared = { ...product, transpose };
  const [{ zeros }] = await time(
    smallConvolution,
    (['multiplied', 'skipped'] as const).map((zeros) => ({ ...shared, zeros, largeImages: ['columns'] })),
  );
  const every = (pick: (form: ConvolutionForm) => Partial<Forms>) =>
    (['direct', 'transposed', 'columns'] as const).map((form) => ({ ...shared, zeros, ...pick(form) }));

  const small = await time(
    smallConvolution,
    every((form) => ({ smallest: SMALLEST, smallImages: [form] })),
  );
  const large = await time(
    (graph) => conv(given(graph, 'x', [images / 2, 64, 8, 8]), given(graph, 'w', [64, 64, 3, 3]), SAME),
    every((form) => ({ largeImages: [form] })),
  );
  const kernel = await time(
    (graph) =>
      conv(given(graph, 'x', [1, images, 8, 8 * 64]), given(graph, 'w', [64, images, 8, 8]), {
        strides: [1, 1],
        pads: [1, 64, 1, 64],
        dilations: [1, 64],
      }),
    (['direct', 'columns'] as const).map((form) => ({ ...shared, zeros, oneImage: [form] })),
  );
  const [spread] = await time(
    (graph) =>
      convTranspose(given(graph, 'x', [images, 128, 4, 4]), given(graph, 'w', [128, 64, 3, 3]), HALVING, [1, 1]),
    (['direct', 'columns'] as const).map((form) => ({ ...shared, smallest: SMALLEST, spread: [form] })),
  );
  return {
    smallest: SMALLEST,
    smallImages: small.flatMap(({ smallImages }) => smallImages),
    largeImages: large.flatMap(({ largeImages }) => largeImages),
    oneImage: kernel.flatMap(({ oneImage }) => oneImage),
    zeros,
    spread: spread.spread,
    product: product.product,
    transpose,
    sum: 'adds',
    relu: 'direct',
  };
}

/** The forms by speed, measured in alternation. The first one given is the node unchanged. */
async function fastest(
  runtime: Runtime,
  build: (graph: Graph) => Value,
  forms: readonly Forms[],
): Promise<readonly Forms[]> {
  const graph = createGraph();
  const y = build(graph);
  // Only one element is returned, so that the copy to the host does not count.
  const first = slice(
    y,
    y.shape.map((_, axis) => axis),
    y.shape.map(() => 0),
    y.shape.map(() => 1),
  );
  const outputs = { first: reshape(first, []) };
  const seed = { data: Float32Array.of(0.5), shape: [] };
  const feeds = Object.fromEntries(graph.inputs.map(({ name }) => [name, seed]));
  const trials: { form: Forms; program: Program; best: number }[] = [];
  try {
    for (const form of forms) {
      const program = await runtime.compile(writeOnnx(lower(outputs, form)));
      trials.push({ form, program, best: Number.POSITIVE_INFINITY });
    }
    for (let round = 0; round <= ROUNDS; round++) {
      for (const trial of trials) {
        const started = performance.now();
        await trial.program.run(feeds);
        if (round > 0) trial.best = Math.min(trial.best, performance.now() - started);
      }
    }
  } finally {
    for (const { program } of trials) await program.dispose();
  }
  trials[0].best *= MARGIN;
  return trials.sort((a, b) => a.best - b.best).map(({ form }) => form);
}

/** A tensor that the engine expands from one number, so that nothing is uploaded or constant-folded before the run. */
const given = (graph: Graph, name: string, shape: readonly number[]): Value => expand(graph.input(name, []), shape);
