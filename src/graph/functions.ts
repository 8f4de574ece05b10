import type { Attributes, DType, Shape, Value } from './graph.ts';
import { graphOf } from './graph.ts';
import { DTYPE_CODES } from './onnx-types.ts';

/** The words a graph is written with: each appends one node (or a few) to the graph its operands live in. */

/** Convolution geometry: [vertical, horizontal], pads in ONNX's order top, left, bottom, right. */
export interface Geometry {
  /** Steps of the window, one an axis, at least 1. */
  readonly strides: readonly number[];
  /** Zeros around the input: all starts, then all ends. */
  readonly pads: readonly number[];
  /** Steps between the kernel's elements, one an axis, at least 1. */
  readonly dilations: readonly number[];
  /** Parts the channels are divided into, each seen by its own kernels alone; 1 unless given. */
  readonly group?: number;
}

/** Pooling geometry: the window's extents beside strides and pads. */
export interface Window {
  /** Extents, one an axis. */
  readonly kernel: readonly number[];
  /** Steps of the window, one an axis, at least 1. */
  readonly strides: readonly number[];
  /** Padding around the input: all starts, then all ends. */
  readonly pads: readonly number[];
}

/** Of two operands. */
export type Binary = (a: Value, b: Value) => Value;
/** Of one operand. */
export type Unary = (x: Value) => Value;
const binary =
  (type: string): Binary =>
  (a, b) =>
    graphOf(a).apply(type, [a, b])[0];
const unary =
  (type: string): Unary =>
  (x) =>
    graphOf(x).apply(type, [x])[0];

/** Element by element, with NumPy's broadcasting. */
export const add: Binary = /* @__PURE__ */ binary('Add');
/** a − b, element by element. */
export const sub: Binary = /* @__PURE__ */ binary('Sub');
/** a·b, element by element. */
export const mul: Binary = /* @__PURE__ */ binary('Mul');
/** a/b, element by element. */
export const div: Binary = /* @__PURE__ */ binary('Div');
/** aᵇ, element by element; the gradient takes b as a constant. */
export const pow: Binary = /* @__PURE__ */ binary('Pow');
/** The larger of two, element by element. */
export const max: Binary = /* @__PURE__ */ binary('Max');
/** The smaller of two, element by element. */
export const min: Binary = /* @__PURE__ */ binary('Min');
/** Whether a > b, element by element, as bool. */
export const greater: Binary = /* @__PURE__ */ binary('Greater');
/** a where the condition (bool) holds, else b. */
export const where = (condition: Value, a: Value, b: Value): Value => graphOf(a).apply('Where', [condition, a, b])[0];
/** The sum of tensors of one shape, in one pass. */
export const sum = (values: readonly Value[]): Value => graphOf(values?.[0]).apply('Sum', values)[0];
/** A plain number as a constant of x's type. */
export const like = (x: Value, k: number): Value => graphOf(x).scalar(k, x.dtype);
/** x·k for a plain number k. */
export const scale = (x: Value, k: number): Value => mul(x, like(x, k));
/** x + k for a plain number k. */
export const shift = (x: Value, k: number): Value => add(x, like(x, k));

/** −x. */
export const neg: Unary = /* @__PURE__ */ unary('Neg');
/** eˣ. */
export const exp: Unary = /* @__PURE__ */ unary('Exp');
/** The natural logarithm. */
export const log: Unary = /* @__PURE__ */ unary('Log');
/** √x. */
export const sqrt: Unary = /* @__PURE__ */ unary('Sqrt');
/** 1/x. */
export const reciprocal: Unary = /* @__PURE__ */ unary('Reciprocal');
/** max(0, x). */
export const relu: Unary = /* @__PURE__ */ unary('Relu');
/** |x|. */
export const abs: Unary = /* @__PURE__ */ unary('Abs');
/** −1, 0 or 1; its gradient is zero. */
export const sign: Unary = /* @__PURE__ */ unary('Sign');
/** The hyperbolic tangent. */
export const tanh: Unary = /* @__PURE__ */ unary('Tanh');
/** 1/(1 + e⁻ˣ). */
export const sigmoid: Unary = /* @__PURE__ */ unary('Sigmoid');
/** The error function. */
export const erf: Unary = /* @__PURE__ */ unary('Erf');
/** x·clip(x/6 + ½, 0, 1). */
export const hardSwish: Unary = /* @__PURE__ */ unary('HardSwish');
/** x where positive, else slope·x. */
export const leakyRelu = (x: Value, slope = 0.01): Value =>
  graphOf(x).apply('LeakyRelu', [x], { alpha: { float: slope } })[0];
/** x where positive, else alpha·(eˣ − 1). */
export const elu = (x: Value, alpha = 1): Value => graphOf(x).apply('Elu', [x], { alpha: { float: alpha } })[0];
/** log(1 + eˣ). */
export const softplus: Unary = /* @__PURE__ */ unary('Softplus');
/** x·½(1 + erf(x/√2)), in the form ONNX Runtime fuses. */
export const gelu = (x: Value): Value => scale(mul(x, shift(erf(div(x, like(x, Math.SQRT2))), 1)), 0.5);
/** min(high, max(low, x)); ReLU6 is clip(x, 0, 6). */
export const clip = (x: Value, low: number, high: number): Value =>
  graphOf(x).apply('Clip', [x, like(x, low), like(x, high)])[0];
/** x itself, as a value of its own. */
export const identity: Unary = /* @__PURE__ */ unary('Identity');
/** eˣ over its sum along an axis. */
export const softmax = (x: Value, axis = -1): Value => graphOf(x).apply('Softmax', [x], { axis })[0];
/** x in another type, rounded to it; x itself where it is of that type. */
export const cast = (x: Value, to: DType): Value =>
  x?.dtype === to ? x : graphOf(x).apply('Cast', [x], { to: DTYPE_CODES[to] })[0];

/**
 * A sum over much of a batch, in float32 whatever its operands are, and then in their type again. ORT's WebGPU kernels add half
 * floats up in half floats: sums end at 65,504, and a product over 51,200 rows was off by 3 % to 84 % (on lavapipe).
 */
export const inFloat32 = (total: (...operands: Value[]) => Value, ...operands: readonly Value[]): Value =>
  cast(total(...operands.map((x) => cast(x, 'float32'))), operands[0].dtype);

/** Products of the last two axes, stack by stack. */
export const matmul: Binary = /* @__PURE__ */ binary('MatMul');

/** How `gemm` takes its operands; nothing is transposed, and both factors are 1, unless given. */
export interface GemmOptions {
  /** Take the transpose of A; default false. */
  readonly transA?: boolean;
  /** Take the transpose of B; default false. */
  readonly transB?: boolean;
  /** Factor on the product, default 1. */
  readonly alpha?: number;
  /** Factor on C, default 1. */
  readonly beta?: number;
}
/** alpha·A′B′ + beta·C of two matrices, A′ = Aᵀ if transA, B′ = Bᵀ if transB; C is broadcast, or absent. */
export function gemm(a: Value, b: Value, c?: Value, options: GemmOptions = {}): Value {
  const { transA = false, transB = false, alpha = 1, beta = 1 } = options;
  const attributes = { transA: +transA, transB: +transB, alpha: { float: alpha }, beta: { float: beta } };
  return graphOf(a).apply('Gemm', c ? [a, b, c] : [a, b], attributes)[0];
}

/** A reduction over `axes`, which go away unless `keep`. */
export type Reduce = (x: Value, axes: readonly number[], keep?: boolean) => Value;
const wide =
  (reduce: Reduce): Reduce =>
  (x, axes, keep) =>
    inFloat32((wider) => reduce(wider, axes, keep), x);
const reduction =
  (type: string): Reduce =>
  (x, axes, keep = false) =>
    graphOf(x).apply(type, [x], { axes, keepdims: keep ? 1 : 0 })[0];

/** The sum over `axes`, which go away unless `keep`. In opset 17 it alone of the reductions takes its axes as an input. */
export const reduceSum: Reduce = /* @__PURE__ */ wide(
  (x, axes, keep = false) =>
    graphOf(x).apply('ReduceSum', [x, graphOf(x).integers(axes)], { keepdims: keep ? 1 : 0 })[0],
);
/** The mean over `axes`, which go away unless `keep`. */
export const reduceMean: Reduce = /* @__PURE__ */ wide(/* @__PURE__ */ reduction('ReduceMean'));
/** Σ x² over `axes`, which go away unless `keep`. */
export const reduceSumSquare: Reduce = /* @__PURE__ */ wide(/* @__PURE__ */ reduction('ReduceSumSquare'));
/** The largest element over `axes`, which go away unless `keep`. */
export const reduceMax: Reduce = /* @__PURE__ */ reduction('ReduceMax');

/** The same elements in their order under other extents. */
export function reshape(x: Value, shape: Shape): Value {
  const graph = graphOf(x);
  return `${shape}` === `${x.shape}` ? x : graph.apply('Reshape', [x, graph.integers(shape)])[0];
}

/** Axes in another order: axis i of the result is axis perm[i] of x. */
export const transpose = (x: Value, perm: readonly number[]): Value => graphOf(x).apply('Transpose', [x], { perm })[0];

/** The last two axes swapped: Aᵀ of every matrix in a stack. */
export function transposed(x: Value): Value {
  graphOf(x);
  const order = x.shape.map((_, i) => i);
  const last = order.length - 1;
  [order[last - 1], order[last]] = [order[last], order[last - 1]];
  return transpose(x, order);
}

/** Repeated to a larger shape, by NumPy's broadcasting. */
export function expand(x: Value, shape: Shape): Value {
  const graph = graphOf(x);
  return `${shape}` === `${x.shape}` ? x : graph.apply('Expand', [x, graph.integers(shape)])[0];
}

/** Values of one shape but for `axis`, joined along it. */
export const concat = (values: readonly Value[], axis: number): Value =>
  values?.length === 1 ? values[0] : graphOf(values?.[0]).apply('Concat', values, { axis })[0];

/** Elements start, start + step, … before end, along each of `axes`. */
export function slice(
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Value {
  const graph = graphOf(x);
  const whole = axes.every((axis, k) => starts[k] === 0 && ends[k] === x.shape[axis] && steps[k] === 1);
  if (whole) return x;
  return graph.apply('Slice', [x, ...[starts, ends, axes, steps].map((list) => graph.integers(list))])[0];
}

/** Reversed along `axes`. */
export function flip(x: Value, axes: readonly number[]): Value {
  const all = (k: number) => axes.map(() => k);
  return slice(x, axes, all(-1), all(-(2 ** 31)), all(-1));
}

/**
 * Zeros, or another value, around a tensor: `before` and `after` hold one amount per axis. Half floats take the way by float32,
 * as the shader of ORT 1.30 for their padding is refused by naga, the compiler of Deno and Firefox.
 */
export function pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  const graph = graphOf(x);
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const amounts = graph.integers([...before, ...after]);
  const padded = (wide: Value) =>
    graph.apply('Pad', value === 0 ? [wide, amounts] : [wide, amounts, like(wide, value)])[0];
  return x.dtype === 'float16' ? inFloat32(padded, x) : padded(x);
}

/** Without the axes of extent 1 that are named. */
export const squeeze = (x: Value, axes: readonly number[]): Value =>
  graphOf(x).apply('Squeeze', [x, graphOf(x).integers(axes)])[0];
/** With axes of extent 1 put in at these places of the result. */
export const unsqueeze = (x: Value, axes: readonly number[]): Value =>
  graphOf(x).apply('Unsqueeze', [x, graphOf(x).integers(axes)])[0];

/** A matrix: all axes before `axis` become its rows, the others its columns. */
export const flatten = (x: Value, axis = 1): Value => graphOf(x).apply('Flatten', [x], { axis })[0];

/** The elements at known places along an axis; a single number makes the axis go away. */
export function gather(x: Value, indices: number | readonly number[], axis: number): Value {
  const graph = graphOf(x);
  const index =
    typeof indices === 'number' ? graph.constant(BigInt64Array.of(BigInt(indices)), []) : graph.integers(indices);
  return graph.apply('Gather', [x, index], { axis })[0];
}

/** Consecutive parts of these extents along an axis. */
export const split = (x: Value, extents: readonly number[], axis: number): Value[] =>
  graphOf(x).apply('Split', [x, graphOf(x).integers(extents)], { axis });

/** y[n, m] = Σ_c x[n, c] ⋆ w[m, c] (+ bias[m]): x [N,C,H,W], w [M,C/group,kH,kW]. */
export function conv(x: Value, w: Value, g: Geometry, bias?: Value): Value {
  return graphOf(x).apply('Conv', bias ? [x, w, bias] : [x, w], {
    ...convAttributes(g),
    kernel_shape: w.shape.slice(2),
  })[0];
}

const convAttributes = ({ strides, pads, dilations, group = 1 }: Geometry): Attributes => ({
  strides,
  pads,
  dilations,
  ...(group > 1 && { group }),
});

/** The adjoint of `conv` in x; `extra` rows and columns come at the end where strides left the size open. */
export function convTranspose(x: Value, w: Value, g: Geometry, extra: readonly number[] = [0, 0]): Value {
  const graph = graphOf(x);
  const attributes = { ...convAttributes(g), kernel_shape: w.shape.slice(2), output_padding: extra };
  return graph.apply('ConvTranspose', [x, w], attributes)[0];
}

/** The largest element under each place of a window; what lies outside the image does not count. */
export const maxPool = (x: Value, { kernel, strides, pads }: Window): Value =>
  graphOf(x).apply('MaxPool', [x], { kernel_shape: kernel, strides, pads })[0];
/** The mean under each place of a window; what lies outside the image does not count. */
export const averagePool = (x: Value, { kernel, strides, pads }: Window): Value =>
  graphOf(x).apply('AveragePool', [x], { kernel_shape: kernel, strides, pads })[0];
/** The mean over all positions, [N,C,H,W] → [N,C,1,1]. */
export const globalAveragePool: Unary = /* @__PURE__ */ unary('GlobalAveragePool');

/** gamma·(x − mean)/√(variance + ε) + beta per channel (axis 1), in one pass over x. */
export function batchNormalization(
  x: Value,
  gamma: Value,
  beta: Value,
  mean: Value,
  variance: Value,
  epsilon: number,
): Value {
  return graphOf(x).apply('BatchNormalization', [x, gamma, beta, mean, variance], { epsilon: { float: epsilon } })[0];
}

/** gamma·(x − mean)/√(variance + ε) + beta over the axes from `axis` on, with each row's own mean and variance. */
export function layerNormalization(x: Value, gamma: Value, beta: Value, epsilon = 1e-5, axis = -1): Value {
  return graphOf(x).apply('LayerNormalization', [x, gamma, beta], { axis, epsilon: { float: epsilon } })[0];
}

/** Sums a gradient over the axes that broadcasting repeated, so that it has the operand's own shape again. */
export function unbroadcast(gradient: Value, operand: Value): Value {
  for (const value of [gradient, operand]) graphOf(value);
  const { shape } = operand;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, i) =>
    i < extra || (shape[i - extra] === 1 && extent !== 1) ? [i] : [],
  );
  return axes.length === 0 ? gradient : reshape(reduceSum(gradient, axes), shape);
}
