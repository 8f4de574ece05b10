import { graphOf, type Operator, type Value } from '../graph.ts';
import { add, div, like, mul, scale, shift } from './arithmetic.ts';

/** A function of one element. */
const elementwise = (type: string, since: number): Operator => ({
  type,
  since,
  kind: 'pointwise',
  settings: [],
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
});

export default [
  elementwise('Neg', 6),
  elementwise('Exp', 6),
  elementwise('Log', 6),
  elementwise('Sqrt', 6),
  elementwise('Reciprocal', 6),
  elementwise('Relu', 6),
  elementwise('Abs', 6),
  elementwise('Tanh', 6),
  elementwise('Sigmoid', 6),
  elementwise('Sign', 9),
  elementwise('Erf', 9),
  elementwise('LeakyRelu', 6),
  elementwise('Elu', 6),
  elementwise('Softplus', 1),
  elementwise('HardSigmoid', 6),
  elementwise('HardSwish', 14),
  elementwise('Sin', 7),
  elementwise('Cos', 7),
  elementwise('Floor', 6),
  elementwise('Ceil', 6),
  elementwise('Round', 11),
] satisfies Operator[];

/** A function of one operand. */
export type Unary = (x: Value) => Value;
const unary =
  (type: string): Unary =>
  (x) =>
    graphOf(x).apply(type, [x])[0];

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
/** The sine of an angle in radians. */
export const sin: Unary = /* @__PURE__ */ unary('Sin');
/** The cosine of an angle in radians. */
export const cos: Unary = /* @__PURE__ */ unary('Cos');
/** x·clip(x/6 + ½, 0, 1). */
export const hardSwish: Unary = /* @__PURE__ */ unary('HardSwish');
/** x where positive, else slope·x. */
export const leakyRelu = (x: Value, slope = 0.01): Value =>
  graphOf(x).apply('LeakyRelu', [x], { alpha: { float: slope } })[0];
/** x where positive, else alpha·(eˣ − 1). */
export const elu = (x: Value, alpha = 1): Value => graphOf(x).apply('Elu', [x], { alpha: { float: alpha } })[0];
/** log(1 + eˣ). */
export const softplus: Unary = /* @__PURE__ */ unary('Softplus');
/**
 * x·½(1 + erf(x/√2)), in the form ONNX Runtime fuses. Its gradient computes from x again what lies between, so that only x is kept:
 * by a product in place of the quotient, since ONNX Runtime would find an equal node and keep its result.
 */
export const gelu = (x: Value): Value => {
  const graph = graphOf(x);
  const start = graph.nodes.length;
  const y = scale(mul(x, shift(erf(div(x, like(x, Math.SQRT2))), 1)), 0.5);
  const backward = ([g]: readonly (Value | undefined)[]) => {
    const u = scale(x, Math.SQRT1_2);
    const density = scale(exp(mul(u, scale(u, -1))), Math.SQRT1_2 / Math.sqrt(Math.PI));
    return [g && mul(g, add(shift(scale(erf(u), 0.5), 0.5), mul(x, density)))];
  };
  graph.segments.push({ start, end: graph.nodes.length, inputs: [x], outputs: [y], backward });
  return y;
};
