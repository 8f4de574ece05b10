import { BagsslError } from '../base/errors.ts';
import { checkOptions, givenBytes, whole } from '../base/options.ts';
import { batchNormalization } from './functions.ts';
import type { Graph, Value } from './graph.ts';
import { type BuildOptions, buildOnnx } from './import/build.ts';
import { type FileInput, parseOnnx } from './import/parse.ts';
import { createGraph } from './ops/index.ts';

/** Values for what a file leaves open. */
export interface ReadOptions {
  /** Extent of the inputs' first axis where the file leaves it open, at least 1. Default: an open axis is an error. */
  readonly batch?: number;
}

/** The most elements of one tensor: more than any engine takes. */
const LARGEST = 2 ** 36;

/**
 * Reads an .onnx file of opset 7 to 23 into a graph that can be extended and differentiated, its tensors as constants.
 * Every operator must have a gradient rule or compute with shapes alone, and every shape must be static except for the batch.
 * @throws BagsslError `bad-model` or `unsupported-operator`, naming the node; `bad-argument` for other arguments
 */
export function readOnnx(
  bytes: Uint8Array,
  options: ReadOptions = {},
): { graph: Graph; outputs: Record<string, Value> } {
  givenBytes(bytes);
  checkOptions('readOnnx', options, { batch: whole(1) });
  const { batch } = options;
  const model = parseOnnx(bytes);
  const graph = createGraph();
  const inputs = new Map(
    model.inputs.map((input) => [input.name, graph.input(input.name, shapeOf(input, batch), input.dtype)]),
  );
  const values = buildOnnx(model, model.outputs, {
    ...asConstants(graph),
    inputs,
  });
  return { graph, outputs: Object.fromEntries(model.outputs.map((name, k) => [name, values[k]])) };
}

/** How a file becomes a graph whose tensors are constants. */
export function asConstants(graph: Graph): Omit<BuildOptions, 'inputs'> {
  return {
    graph,
    largest: LARGEST,
    precision: 'float32',
    weight: ({ name, tensor: { data, shape, dtype } }) => graph.constant(data, shape, name, dtype),
    batchNorm({ x, gamma, beta, mean, variance, epsilon }) {
      const [mu, sigma2] = [mean, variance].map(({ tensor }) => graph.constant(tensor.data, tensor.shape));
      return batchNormalization(x, gamma, beta, mu, sigma2, epsilon);
    },
  };
}

/** An input's extents, with `batch` where the file leaves the first axis open. @throws BagsslError `bad-model` for any other open axis */
export function shapeOf({ name, dims }: FileInput, batch?: number): number[] {
  return dims.map((extent, axis) => {
    if (typeof extent === 'number') return extent;
    if (axis === 0 && batch !== undefined) return batch;
    throw new BagsslError(
      'bad-model',
      `Input "${name}" [${dims.map((d) => d || '?')}]: axis ${axis} has no fixed size (${extent || 'unnamed'}); only the batch, its first axis, may be open. Export it with fixed sizes.`,
    );
  });
}
