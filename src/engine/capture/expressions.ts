import { fromHalf } from '../../base/half.ts';
import type { Node, Value } from '../../graph/graph.ts';

type Expression = (...operands: string[]) => string;

const call =
  (name: string): Expression =>
  (...operands) =>
    `${name}(${operands.join(', ')})`;
const infix =
  (symbol: string): Expression =>
  (a, b) =>
    `(${a} ${symbol} ${b})`;

/** WGSL's pow has no value for a base below 0, whose whole powers have one and a sign, nor for 0⁰, which is 1. */
const power: Expression = (a, b) => {
  const whole = `select(1.0, -1.0, ${a} < 0.0 && fract(${b} * 0.5) != 0.0) * pow(abs(${a}), ${b})`;
  return `select(select(pow(${a}, ${b}), ${whole}, ${b} == floor(${b})), 1.0, ${b} == 0.0)`;
};

/** Operators that work on one element at a time, in WGSL. */
export const EXPRESSIONS: Readonly<Record<string, Expression>> = {
  Add: infix('+'),
  Sub: infix('-'),
  Mul: infix('*'),
  Div: infix('/'),
  Greater: infix('>'),
  Max: call('max'),
  Min: call('min'),
  Pow: power,
  Abs: call('abs'),
  Exp: call('exp'),
  Log: call('log'),
  Sign: call('sign'),
  Sqrt: call('sqrt'),
  Sin: call('sin'),
  Cos: call('cos'),
  Neg: (x) => `(-${x})`,
  Reciprocal: (x) => `(1.0 / ${x})`,
  Relu: (x) => `max(${x}, 0.0)`,
  Sum: (...operands) => `(${operands.join(' + ')})`,
  // Kernels compute in float32; what they keep in float16 is rounded there.
  Cast: (x) => x,
  Where: (condition, a, b) => `select(${b}, ${a}, ${condition})`,
};

/** How a reduction begins, takes an element x into account and joins two parts. */
export interface Reduction {
  readonly start: string;
  readonly of: Expression;
  readonly join: Expression;
}

const sumOf = (of: Expression): Reduction => ({ start: '0.0', of, join: (a, b) => `${a} + ${b}` });

/** Reductions, in WGSL; a mean is divided at its end. */
export const REDUCTIONS: Readonly<Record<string, Reduction>> = {
  ReduceSum: sumOf((x) => x),
  ReduceMean: sumOf((x) => x),
  ReduceSumSquare: sumOf((x) => `${x} * ${x}`),
  ReduceMax: { start: '-3.4e38', of: (x) => x, join: call('max') },
};

/** The operands of a node that are tensors of numbers, not a shape or axes. */
export const operandsOf = ({ inputs }: Node): Value[] => inputs.filter(({ dtype }) => dtype !== 'int64');

/** The one number that a constant repeats; undefined if it is none or holds others too. */
export function repeated({ data }: Value): number | undefined {
  if (!(data instanceof Float32Array || data instanceof Uint16Array)) return undefined;
  if (data.some((number) => number !== data[0])) return undefined;
  return data instanceof Uint16Array ? fromHalf(data.subarray(0, 1))[0] : data[0];
}

/** A number in WGSL, to the bit. */
export const literal = (number: number): string =>
  `bitcast<f32>(${new Uint32Array(Float32Array.of(number).buffer)[0]}u)`;
