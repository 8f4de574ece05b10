import { BagsslError } from '../base/errors.ts';
import { toHalf } from '../base/half.ts';
import { given } from '../base/options.ts';

/** Element types of tensors in a graph. Arithmetic is float32 or float16; int64 holds shapes and indices only. */
export type DType = Precision | 'int64' | 'int32' | 'uint8' | 'bool';

/** The types that arithmetic is done in. */
export type Precision = 'float32' | 'float16';

/** Extents, outermost first; [] is a scalar. */
export type Shape = readonly number[];

/** A constant's elements: int64 as BigInt64Array, bool as bytes 0 and 1, float16 as its bits. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array | Uint16Array;

/** The number of elements of a tensor with these extents; 1 for a scalar. */
export const elements = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

/** TensorProto.DataType of onnx.proto. */
export const DTYPE_CODES: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
};

/** The type of a code; undefined for those a graph does not hold (strings, complex numbers, …). */
export function dtypeOfCode(code: number): DType | undefined {
  return (Object.keys(DTYPE_CODES) as DType[]).find((name) => DTYPE_CODES[name] === code);
}

/** An ONNX attribute: an integer, a list of integers, a string, or a float, marked because JavaScript has one number type. */
export type Attribute = number | readonly number[] | string | { readonly float: number };
/** A node’s attributes, by their ONNX names. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** An element type and extents. */
export interface Signature {
  /** The type of every element. */
  readonly dtype: DType;
  /** Extents, outermost first; [] is a scalar. */
  readonly shape: Shape;
}

/** One tensor that flows through a graph: an input, a constant, or an output of a node. Shapes are static. */
export interface Value extends Signature {
  /** The graph it belongs to. */
  readonly graph: Graph;
  /** Unique within its graph. */
  readonly name: string;
  /** Present on constants. */
  readonly data?: TensorData;
}

/** One application of an operator. */
export interface Node {
  /** What is applied. */
  readonly operator: Operator;
  /** In the operator's order. */
  readonly inputs: readonly Value[];
  /** In the operator's order. */
  readonly outputs: readonly Value[];
  /** By their ONNX names. */
  readonly attributes: Attributes;
  /** The node of a file it was made for, named in errors. */
  readonly origin?: string;
}

/** The argument of a gradient rule. */
export interface GradientContext {
  /** The node to differentiate. */
  readonly node: Node;
  /** ∂L/∂output, one for each output; undefined where the loss ignores it. */
  readonly gradients: readonly (Value | undefined)[];
  /** Whether ∂L/∂input is wanted, one for each input: rules skip gradients that nothing needs. */
  readonly wanted: readonly boolean[];
}

/** Appends ∂L/∂input for each input of a node; undefined for inputs without a gradient. */
export type GradientRule = (context: GradientContext) => readonly (Value | undefined)[];

/** Gradient rules by the names of their operators. */
export type GradientRules = Readonly<Record<string, GradientRule>>;

/** Everything about an ONNX operator except its gradient (see gradients/). No fact has a default, so none can be forgotten. */
export interface Facts {
  /** The ONNX operator's name. */
  readonly type: string;
  /** The oldest opset in which the operator has this meaning. */
  readonly since: number;
  /**
   * Indices of the operands that configure it: a shape, places, a limit, an exponent. A file must give them as constants; they
   * are never learned, and no gradient flows to them.
   */
  readonly settings: readonly number[];
  /** The types and shapes of its outputs; throws `shape-mismatch` for inputs that do not fit. */
  infer(inputs: readonly Value[], attributes: Attributes): readonly Signature[];
}

/**
 * One ONNX operator. `pointwise`: each output element depends on the operands' elements at its own place alone, after broadcasting.
 * `renaming`: the same elements in the same order, under other extents. `product`: sums of products of two operands, as in a
 * convolution. `other`: anything else.
 */
export type Operator = Facts &
  (
    | { readonly kind: 'pointwise' | 'renaming' | 'other' }
    | {
        readonly kind: 'product';
        /** How many multiply-adds a node takes. */
        multiplyAdds(node: Node): number;
      }
  );

/** Multiply-adds of a node's convolution or matrix product; 0 for every other operator. */
export const multiplyAdds = (node: Node): number =>
  node.operator.kind === 'product' ? node.operator.multiplyAdds(node) : 0;

/** A range of nodes whose gradient is given as a whole instead of node by node. */
export interface Segment {
  /** The first of its nodes, an index into the graph's. */
  readonly start: number;
  /** The first node after it. */
  readonly end: number;
  /** The values that receive a gradient. */
  readonly inputs: readonly Value[];
  /** The values whose gradient is given. */
  readonly outputs: readonly Value[];
  /** ∂L/∂input for each input, given ∂L/∂output for each output. */
  backward(gradients: readonly (Value | undefined)[]): readonly (Value | undefined)[];
}

/**
 * An ONNX graph under construction. Nodes are only ever appended, so their order is already a valid order of execution,
 * and walking it backwards differentiates it (see gradients.ts).
 */
export class Graph {
  /** Given at every run, in the order they were made. */
  readonly inputs: Value[] = [];
  /** Kept with the model. */
  readonly constants: Value[] = [];
  /** In an order of execution. */
  readonly nodes: Node[] = [];
  /** Ranges of `nodes` whose gradient is given as a whole. */
  readonly segments: Segment[] = [];
  readonly #names = new Set<string>();
  readonly #smallConstants = new Map<string, Value>();
  #origin?: string;

  /** The operators it may hold; `createGraph()` gives it all there are. */
  constructor(
    /** By their ONNX names. */
    readonly operators: ReadonlyMap<string, Operator>,
  ) {}

  /** A tensor given at every run. Names are part of the model's interface and must be unique. */
  input(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    if (this.#names.has(name)) {
      throw new BagsslError(
        'bad-model',
        `The graph already has a value named "${name}"; give every input its own name.`,
      );
    }
    this.#names.add(name);
    const value: Value = { graph: this, name, shape, dtype };
    this.inputs.push(value);
    return value;
  }

  /** A tensor that is part of the model. Equal small constants are kept once. */
  constant(data: TensorData, shape: Shape, name?: string, dtype: DType = dtypeOf(data)): Value {
    if (elements(shape) !== data.length) {
      throw new BagsslError(
        'shape-mismatch',
        `A constant of shape [${shape}] needs ${elements(shape)} elements, but ${data.length} were given.`,
      );
    }
    const key = name === undefined && data.length <= 16 ? `${dtype}:${shape}:${data.join()}` : undefined;
    const known = key && this.#smallConstants.get(key);
    if (known) return known;
    const value: Value = { graph: this, name: this.#unique(name ?? 'constant'), shape, dtype, data };
    this.constants.push(value);
    if (key) this.#smallConstants.set(key, value);
    return value;
  }

  /** A constant of floats, rounded to `dtype`. */
  floats(data: Float32Array, shape: Shape, dtype: DType = 'float32'): Value {
    return this.constant(dtype === 'float16' ? toHalf(data) : data, shape);
  }

  /** A scalar constant, rounded to `dtype`. */
  scalar(value: number, dtype: DType = 'float32'): Value {
    return this.floats(Float32Array.of(value), [], dtype);
  }

  /** A one-dimensional int64 constant: shapes, axes, starts. */
  integers(values: readonly number[]): Value {
    // Files write "to the end" as the largest int64, which a number rounds up beyond it. It stays as large as exact numbers go.
    const limit = Number.MAX_SAFE_INTEGER;
    const exact = values.map((value) => BigInt(Math.max(-limit, Math.min(limit, value))));
    return this.constant(BigInt64Array.from(exact), [values.length]);
  }

  /** Appends a node and returns its outputs. @throws BagsslError from the operator's shape rule for operands that do not fit */
  apply(type: string, inputs: readonly Value[], attributes: Attributes = {}): Value[] {
    const operator = this.operators.get(type);
    if (!operator) {
      throw new BagsslError(
        'unsupported-operator',
        `The graph has no operator "${type}" (first input "${inputs[0]?.name}"). Known: ${[...this.operators.keys()].sort().join(', ')}.`,
      );
    }
    for (const input of inputs) {
      if (graphOf(input) !== this) {
        throw new BagsslError(
          'bad-model',
          `${operator.type} joins values of two graphs ("${input.name}" is from another).`,
        );
      }
    }
    const outputs = operator
      .infer(inputs, attributes)
      .map(({ dtype, shape }): Value => ({ graph: this, name: this.#unique(operator.type), dtype, shape }));
    this.nodes.push({ operator, inputs, outputs, attributes, origin: this.#origin });
    return outputs;
  }

  /** Marks the nodes that `make` appends as coming from `origin`, and prefixes its errors with that. */
  from<T>(origin: string, make: () => T): T {
    this.#origin = origin;
    try {
      return make();
    } catch (cause) {
      if (cause instanceof BagsslError) throw new BagsslError(cause.code, `${origin}: ${cause.message}`, { cause });
      throw new BagsslError('bad-model', `${origin} is malformed: ${(cause as Error).message}.`, { cause });
    } finally {
      this.#origin = undefined;
    }
  }

  #unique(stem: string): string {
    let name = stem;
    for (let n = this.#names.size; this.#names.has(name); n++) name = `${stem}_${n}`;
    this.#names.add(name);
    return name;
  }
}

/** The graph a value lives in. @throws BagsslError `bad-argument` for anything else, such as a plain number */
export function graphOf(value: Value): Graph {
  given(
    value?.graph !== undefined,
    value,
    'An operand',
    'a value of a graph; graph.scalar(number) makes one of a number',
  );
  return value.graph;
}

function dtypeOf(data: TensorData): DType {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof BigInt64Array) return 'int64';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Uint16Array) return 'float16';
  return 'uint8';
}
