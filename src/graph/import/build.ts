import { BagsslError } from '../../errors.ts';
import { elements } from '../elements.ts';
import type { Graph, Precision, Value } from '../graph.ts';
import { fold, MOST_FOLDED } from './fold.ts';
import { nodesFor } from './order.ts';
import type { FileModel, FileNode } from './parse.ts';
import type { Tensor } from './tensor.ts';
import { translate } from './translate.ts';

/** A batch norm of a file: γ and β are values by now, its statistics still tensors. */
export interface FileBatchNorm {
  readonly x: Value;
  readonly gamma: Value;
  readonly beta: Value;
  readonly mean: NamedTensor;
  readonly variance: NamedTensor;
  readonly epsilon: number;
  /** Share of the past in the running statistics, as ONNX counts it. */
  readonly momentum: number;
}

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

export interface BuildOptions {
  readonly graph: Graph;
  /** The values of the file's inputs. */
  readonly inputs: ReadonlyMap<string, Value>;
  /** The most elements a value may have. */
  readonly largest: number;
  /** What the file's float32 is computed in; its inputs and weights come so. */
  readonly precision: Precision;
  /**
   * The value of a tensor that can be learnt: floating, of at least one axis, and not an operand that has to be known. What
   * only batch norms read is always float32.
   */
  weight(tensor: NamedTensor, precision: Precision): Value;
  /** Puts a batch norm in place of the file's, whose statistics are given. */
  batchNorm(norm: FileBatchNorm): Value;
}

/** Operands that have to be known when a node is read, by their places: they tell a shape, a place or a limit. */
const KNOWN: Readonly<Record<string, readonly number[]>> = {
  Clip: [1, 2],
  ConstantOfShape: [0],
  Dropout: [1, 2],
  Expand: [1],
  Gather: [1],
  Pad: [1, 2],
  Pow: [1],
  Range: [0, 1, 2],
  ReduceSum: [1],
  Reshape: [1],
  Resize: [1, 2, 3],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1],
  Unsqueeze: [1],
  Upsample: [1],
};

/** Operands that are averages kept beside the weights. */
const STATISTICS: Readonly<Record<string, readonly number[]>> = { BatchNormalization: [3, 4] };

const MOST_AXES = 8;

/** Appends the part of a file's network that `outputs` need to a graph, and gives their values. */
export function buildOnnx(model: FileModel, outputs: readonly string[], options: BuildOptions): Value[] {
  const { graph } = options;
  const nodes = nodesFor(model, outputs);
  const weights = weightsOf(model, nodes, options.precision);
  const values = new Map<string, Value>(options.inputs);
  /** Values known before the graph runs. */
  const known = new Set<Value>();
  for (const [name, tensor] of model.tensors) {
    const precision = weights.get(name);
    if (precision) values.set(name, options.weight({ name, tensor }, precision));
  }
  const constant = ({ data, shape, dtype }: Tensor, name?: string) => {
    const value = graph.constant(data, shape, name, dtype);
    known.add(value);
    return value;
  };
  const named = (name: string): Value | undefined => {
    const value = values.get(name);
    const tensor = value ? undefined : model.tensors.get(name);
    if (!tensor) return value;
    const made = constant(tensor, name);
    values.set(name, made);
    return made;
  };
  /** A known value as the nodes that compute with it take it. */
  const fitting = (value: Value) =>
    known.has(value) && value.dtype === 'float32' && options.precision !== 'float32'
      ? graph.floats(value.data as Float32Array, value.shape, options.precision)
      : value;
  let folded = 0;
  const spend = (count: number) => {
    folded += count;
    if (!(folded <= MOST_FOLDED)) {
      throw new BagsslError('bad-model', `constants of more than ${MOST_FOLDED} elements would have to be computed.`);
    }
  };

  const make = (node: FileNode): readonly Value[] => {
    const inputs = node.inputs.map(named);
    const attributes = node.attributes();
    const [x, gamma, beta] = inputs;
    if (node.type === 'Shape' || node.type === 'Size') return [constant(extents(node, x!.shape, attributes))];
    if (inputs.every((value) => value && known.has(value))) {
      const tensor = fold(node.type, { graph, inputs: inputs as Value[], attributes }, spend);
      if (tensor) return [constant(tensor)];
    }
    if (node.type === 'BatchNormalization') {
      const [mean, variance] = STATISTICS.BatchNormalization.map((k) => {
        const name = node.inputs[k];
        const tensor = model.tensors.get(name) ?? (known.has(inputs[k]!) ? (inputs[k] as Value & Tensor) : undefined);
        return tensor && { name, tensor };
      });
      const { epsilon = { float: 1e-5 }, momentum = { float: 0.9 } } = attributes as Record<string, { float: number }>;
      // The operator's own rule holds the five shapes against each other.
      graph.operators.get(node.type)!.infer(inputs as Value[], {});
      if (mean && variance) {
        const norm = { x: x!, gamma: gamma!, beta: beta!, mean, variance };
        return [options.batchNorm({ ...norm, epsilon: epsilon.float, momentum: momentum.float })];
      }
    }
    const operands = inputs.map((value, k) => (value && !isAmong(KNOWN, node.type, k) ? fitting(value) : value));
    const { type, outputs } = node;
    return translate({ type, graph, opset: model.opset, inputs: operands, attributes, outputs: outputs.length });
  };

  for (const node of nodes) {
    graph.from(node.place, () => {
      const made = make(node);
      node.outputs.forEach((name, k) => {
        const value = made[k];
        if (!value || !name) return;
        const { shape } = value;
        if (
          shape.length > MOST_AXES ||
          !(elements(shape) <= options.largest) ||
          (elements(shape) < 1 && !known.has(value))
        ) {
          throw new BagsslError(
            'bad-model',
            `its output "${name}" has the shape [${shape.slice(0, MOST_AXES + 1)}]; from 1 to ${options.largest} elements and up to ${MOST_AXES} axes are supported.`,
          );
        }
        values.set(name, value);
      });
    });
  }
  return outputs.map((name) => {
    const value = named(name);
    if (value) return value;
    throw new BagsslError('unsupported-operator', `"${name}" is an output that its node gives in training only.`);
  });
}

/** Whether the k-th operand of an operator is one of these. */
const isAmong = (places: Readonly<Record<string, readonly number[]>>, type: string, k: number) =>
  Object.hasOwn(places, type) && places[type].includes(k);

/**
 * The tensors of `model` that can be learnt, and what in: floating, with axes, read by a node, and by none as an operand it
 * has to know.
 */
function weightsOf({ tensors }: FileModel, nodes: readonly FileNode[], precision: Precision): Map<string, Precision> {
  const weights = new Map<string, Precision>();
  const constants = new Set<string>();
  for (const { type, inputs } of nodes) {
    inputs.forEach((name, k) => {
      const tensor = tensors.get(name);
      if (!tensor || tensor.shape.length === 0 || !['float32', 'float16'].includes(tensor.dtype)) return;
      if (isAmong(KNOWN, type, k)) constants.add(name);
      else if (type !== 'BatchNormalization') weights.set(name, precision);
      else if (!isAmong(STATISTICS, type, k)) weights.set(name, weights.get(name) ?? 'float32');
    });
  }
  for (const name of constants) weights.delete(name);
  return weights;
}

/** The extents of x as a tensor, or their product. */
function extents({ type }: FileNode, shape: readonly number[], attributes: ReturnType<FileNode['attributes']>): Tensor {
  if (type === 'Size') return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(elements(shape))) };
  const { start = 0, end = shape.length } = attributes as { start?: number; end?: number };
  const part = shape.slice(start, end);
  return { dtype: 'int64', shape: [part.length], data: BigInt64Array.from(part, BigInt) };
}
