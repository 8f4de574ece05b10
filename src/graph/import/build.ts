import { BagsslError } from '../../base/errors.ts';
import { elements, type Graph, type Precision, type Value } from '../graph.ts';
import { fold, MOST_FOLDED } from './fold.ts';
import { nodesFor } from './order.ts';
import type { FileModel, FileNode } from './parse.ts';
import type { Tensor } from './read-tensor.ts';
import { isSetting, translate } from './translate.ts';

/** A batch norm of a file: γ and β are values, its statistics are tensors. */
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
  /** The type that stands for the file's float32; inputs and weights are given in it. */
  readonly precision: Precision;
  /**
   * The value of a tensor that can be learned: floating, with at least one axis, and not an operand that must be constant. Tensors
   * that only batch norms read are always float32.
   */
  weight(tensor: NamedTensor, precision: Precision): Value;
  /** Builds a batch norm whose statistics the file gives. */
  batchNorm(norm: FileBatchNorm): Value;
}

/** The operands of BatchNormalization that are averages kept beside the weights: its mean and variance. */
const STATISTICS: readonly number[] = [3, 4];

const MOST_AXES = 8;

type Attributes = ReturnType<FileNode['attributes']>;

/** Appends the part of a file's network that `outputs` need to a graph, and returns their values. */
export function buildOnnx(model: FileModel, outputs: readonly string[], options: BuildOptions): Value[] {
  const nodes = nodesFor(model, outputs);
  const build = new Build(model, options);
  build.startWeights(nodes);
  for (const node of nodes) options.graph.from(node.place, () => build.append(node));
  return outputs.map((name) => {
    const value = build.named(name);
    if (value) return value;
    throw new BagsslError('unsupported-operator', `"${name}" is an output that its node has in training only.`);
  });
}

/** A graph under construction: the value of each of the file's names so far. */
class Build {
  readonly #values: Map<string, Value>;
  /** Values known before the graph runs. */
  readonly #known = new Set<Value>();
  #folded = 0;

  constructor(
    private readonly model: FileModel,
    private readonly options: BuildOptions,
  ) {
    this.#values = new Map(options.inputs);
  }

  /** Makes a weight of every tensor that can be learned. */
  startWeights(nodes: readonly FileNode[]): void {
    for (const [name, precision] of weightsOf(this.model, nodes, this.options.precision)) {
      this.#values.set(name, this.options.weight({ name, tensor: this.model.tensors.get(name)! }, precision));
    }
  }

  /** The value of a name; undefined for '', an operand left out. */
  named(name: string): Value | undefined {
    const value = this.#values.get(name);
    const tensor = value ? undefined : this.model.tensors.get(name);
    if (!tensor) return value;
    const made = this.#constant(tensor, name);
    this.#values.set(name, made);
    return made;
  }

  /** Appends a node whose operands have been built. */
  append(node: FileNode): void {
    const made = this.#make(node);
    node.outputs.forEach((name, k) => {
      if (!made[k] || !name) return;
      this.#check(name, made[k]);
      this.#values.set(name, made[k]);
    });
  }

  #make(node: FileNode): readonly Value[] {
    const { graph, precision } = this.options;
    const { type, outputs } = node;
    const inputs = node.inputs.map((name) => this.named(name));
    const attributes = node.attributes();
    if (type === 'Shape' || type === 'Size') return [this.#constant(extents(type, inputs[0]!.shape, attributes))];
    if (inputs.every((value) => value && this.#known.has(value))) {
      const tensor = fold(type, { graph, inputs: inputs as Value[], attributes }, (count) => this.#spend(count));
      if (tensor) return [this.#constant(tensor)];
    }
    const normalised = type === 'BatchNormalization' && this.#batchNorm(node, inputs as Value[], attributes);
    if (normalised) return [normalised];
    // The file's constants are float32; a network in half precision needs them in half precision.
    const operands = inputs.map((value, k) => {
      if (!value || precision === 'float32' || value.dtype !== 'float32') return value;
      if (!this.#known.has(value) || isSetting(type, k)) return value;
      return graph.floats(value.data as Float32Array, value.shape, precision);
    });
    const { opset } = this.model;
    return translate({ type, graph, opset, inputs: operands, attributes, outputs: outputs.length });
  }

  /** A batch norm whose statistics the file holds. */
  #batchNorm(node: FileNode, inputs: readonly Value[], attributes: Attributes): Value | undefined {
    const [x, gamma, beta] = inputs;
    // The operator's shape rule compares the five shapes.
    this.options.graph.operators.get(node.type)!.infer(inputs, {});
    const [mean, variance] = STATISTICS.map((k) => {
      const name = node.inputs[k];
      const tensor =
        this.model.tensors.get(name) ?? (this.#known.has(inputs[k]) ? (inputs[k] as Value & Tensor) : undefined);
      return tensor && { name, tensor };
    });
    if (!mean || !variance) return undefined;
    const { epsilon = { float: 1e-5 }, momentum = { float: 0.9 } } = attributes as Record<string, { float: number }>;
    return this.options.batchNorm({ x, gamma, beta, mean, variance, epsilon: epsilon.float, momentum: momentum.float });
  }

  #constant({ data, shape, dtype }: Tensor, name?: string): Value {
    const value = this.options.graph.constant(data, shape, name, dtype);
    this.#known.add(value);
    return value;
  }

  #spend(count: number): void {
    this.#folded += count;
    if (this.#folded <= MOST_FOLDED) return;
    throw new BagsslError('bad-model', `constants of more than ${MOST_FOLDED} elements would have to be computed.`);
  }

  #check(name: string, value: Value): void {
    const { largest } = this.options;
    const count = elements(value.shape);
    if (value.shape.length <= MOST_AXES && count <= largest && (count >= 1 || this.#known.has(value))) return;
    throw new BagsslError(
      'bad-model',
      `its output "${name}" has the shape [${value.shape.slice(0, MOST_AXES + 1)}]; from 1 to ${largest} elements and up to ${MOST_AXES} axes are supported.`,
    );
  }
}

/**
 * The tensors of `model` that can be learned, and their precision: floating, with axes, read by a node, and by none as an operand
 * that must be constant.
 */
function weightsOf({ tensors }: FileModel, nodes: readonly FileNode[], precision: Precision): Map<string, Precision> {
  const weights = new Map<string, Precision>();
  const constants = new Set<string>();
  for (const { type, inputs } of nodes) {
    inputs.forEach((name, k) => {
      const tensor = tensors.get(name);
      if (!tensor || tensor.shape.length === 0 || !['float32', 'float16'].includes(tensor.dtype)) return;
      if (isSetting(type, k)) constants.add(name);
      else if (type !== 'BatchNormalization') weights.set(name, precision);
      else if (!STATISTICS.includes(k)) weights.set(name, weights.get(name) ?? 'float32');
    });
  }
  for (const name of constants) weights.delete(name);
  return weights;
}

/** The extents of x as a tensor, or their product. */
function extents(type: string, shape: readonly number[], attributes: Attributes): Tensor {
  if (type === 'Size') return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(elements(shape))) };
  const { start = 0, end = shape.length } = attributes as { start?: number; end?: number };
  const part = shape.slice(start, end);
  return { dtype: 'int64', shape: [part.length], data: BigInt64Array.from(part, BigInt) };
}
