import { BagsslError } from '../../base/errors.ts';
import * as f from '../functions.ts';
import { elements, type Graph, type Precision, type Value } from '../graph.ts';
import { type FixedBatch, type Recorded, rebatched, regathered } from './fixed-batch.ts';
import { fold, MOST_FOLDED } from './fold.ts';
import { withGelu } from './gelu-pattern.ts';
import type { FileNode } from './nodes.ts';
import { nodesFor } from './order.ts';
import type { FileModel } from './parse.ts';
import type { Tensor } from './read-tensor.ts';
import { isSetting, translate } from './translate.ts';
import { STATISTICS, type Stored, storedIn } from './weights.ts';

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
  /** Where the file was made for another batch. */
  readonly fixed?: FixedBatch;
  /** Takes what every value of the file becomes, by its name. */
  readonly record?: Map<string, Recorded>;
  /** Called in place of appending a node; default: append it. What it leaves out has no value. */
  readonly around?: (node: FileNode, append: () => void) => void;
}

/** What is said of an output without a value. */
export const NO_VALUE = 'is an output that its node has in training only';

const MOST_AXES = 8;
/** The most elements of weights that a file's nodes make. */
const MOST_MADE = 2 ** 26;

type Attributes = ReturnType<FileNode['attributes']>;

/** Appends the part of a file's network that `outputs` need to a graph, and returns their values. */
export function buildOnnx(model: FileModel, outputs: readonly string[], options: BuildOptions): Value[] {
  let made = 0;
  const stored = storedIn(options.graph, model.tensors, nodesFor(model, outputs), options.precision, (count) => {
    made += count;
    if (made <= MOST_MADE) return;
    throw new BagsslError('bad-model', `weights of more than ${MOST_MADE} elements would have to be computed.`);
  });
  const build = new Build(stored, options);
  build.appendAll(withGelu(stored));
  return outputs.map((name) => {
    const value = build.named(name);
    if (value) return value;
    throw new BagsslError('unsupported-operator', `"${name}" ${NO_VALUE}.`);
  });
}

/** A graph under construction: the value of each of the file's names so far. */
class Build {
  readonly #values: Map<string, Value>;
  /** Values known before the graph runs. */
  readonly #known = new Set<Value>();
  #folded = 0;

  constructor(
    private readonly stored: Stored,
    private readonly options: BuildOptions,
  ) {
    this.#values = new Map(options.inputs);
    for (const [name, value] of options.inputs) options.record?.set(name, value);
  }

  appendAll(nodes: readonly FileNode[]): void {
    const { graph, around = (_node, append) => append() } = this.options;
    for (const node of nodes) around(node, () => graph.from(node.place, () => this.#append(node)));
  }

  /** The value of a name; undefined for '', an operand left out. */
  named(name: string): Value | undefined {
    const value = this.#values.get(name);
    const tensor = value ? undefined : this.stored.tensors.get(name);
    if (!tensor) return value;
    const precision = this.stored.weights.get(name);
    const made = precision ? this.options.weight({ name, tensor }, precision) : this.#constant(tensor, name);
    this.options.record?.set(name, made);
    this.#values.set(name, made);
    return made;
  }

  /** Appends a node whose operands have been built. */
  #append(node: FileNode): void {
    const made = this.#make(node);
    node.outputs.forEach((name, k) => {
      if (!made[k] || !name) return;
      this.#check(name, made[k]);
      this.#values.set(name, made[k]);
      this.options.record?.set(name, made[k]);
    });
  }

  #make(node: FileNode): readonly (Value | undefined)[] {
    const { graph, fixed } = this.options;
    const { type, opset, outputs } = node;
    if (node.branches) return this.#taken(node);
    const named = node.inputs.map((name) => this.named(name));
    const attributes = node.attributes();
    if (type === 'Shape' || type === 'Size') return [this.#constant(extents(type, named[0]!.shape, attributes))];
    const given = named.filter((value) => value !== undefined);
    if (given.every((value) => this.#known.has(value))) {
      const operands = { graph, inputs: named as Value[], attributes, outputs: outputs.length };
      const tensors = fold(type, operands, (count) => this.#spend(count));
      if (tensors) return tensors.map((tensor) => this.#constant(tensor));
    }
    const regrouped = fixed && type === 'Gather' && regathered(node, named, fixed);
    if (regrouped) return [regrouped];
    const inputs = fixed ? rebatched(node, named, fixed) : named;
    const normalised = type === 'BatchNormalization' && this.#batchNorm(node, inputs as Value[], attributes);
    if (normalised) return [normalised];
    const operands = inputs.map((value, k) => this.#operand(value, isSetting(type, k)));
    return translate({ type, graph, opset, inputs: operands, attributes, outputs: outputs.length });
  }

  /** The outputs of an If whose condition is constant, from the branch that is taken. */
  #taken({ inputs, branches, type }: FileNode): readonly (Value | undefined)[] {
    const condition = this.named(inputs[0]);
    if (!condition || !this.#known.has(condition)) {
      throw new BagsslError(
        'unsupported-operator',
        `${type} on a value that depends on the images has no gradient rule; only one on shapes and constants can be read.`,
      );
    }
    const branch = branches![condition.data![0] ? 0 : 1];
    if (!branch) throw new BagsslError('bad-model', `${type} lacks a branch.`);
    this.appendAll(branch.nodes);
    return branch.outputs.map((name) => this.named(name));
  }

  /** An operand as the graph needs it. */
  #operand(value: Value | undefined, setting: boolean): Value | undefined {
    if (!value || setting || !this.#known.has(value)) return value;
    const { graph, precision, inputs } = this.options;
    // The file's constants are float32; a network in half precision needs them in half precision.
    const own =
      precision === 'float32' || value.dtype !== 'float32'
        ? value
        : graph.floats(value.data as Float32Array, value.shape, precision);
    // A class token may start as zeros for every image: repeated by a node, it can be written for any batch.
    const [batch] = [...inputs.values()][0]?.shape ?? [];
    const { data, shape } = own;
    if (!(batch > 1 && shape[0] === batch && shape.length > 1)) return own;
    const row = data!.length / batch;
    if (!data!.every((v, i) => v === data![i % row])) return own;
    return f.expand(graph.constant(data!.slice(0, row), [1, ...shape.slice(1)], undefined, own.dtype), shape);
  }

  /** A batch norm whose statistics the file holds. */
  #batchNorm(node: FileNode, inputs: readonly Value[], attributes: Attributes): Value | undefined {
    const [x, gamma, beta] = inputs;
    // The operator's shape rule compares the five shapes.
    this.options.graph.operators.get(node.type)!.infer(inputs, {});
    const [mean, variance] = STATISTICS.map((k) => {
      const name = node.inputs[k];
      const tensor =
        this.stored.tensors.get(name) ?? (this.#known.has(inputs[k]) ? (inputs[k] as Value & Tensor) : undefined);
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

/** The extents of x as a tensor, or their product. */
function extents(type: string, shape: readonly number[], attributes: Attributes): Tensor {
  if (type === 'Size') return { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(elements(shape))) };
  const { start = 0, end = shape.length } = attributes as { start?: number; end?: number };
  const part = shape.slice(start, end);
  return { dtype: 'int64', shape: [part.length], data: BigInt64Array.from(part, BigInt) };
}
