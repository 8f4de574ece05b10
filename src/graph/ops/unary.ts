import { div, greater, mul, scale, shift, sign, sub, where } from '../functions.ts';
import type { Operator, Value } from '../graph.ts';

/** A function of one element: `slope` gives ∂L/∂x from x, y = f(x) and ∂L/∂y. */
function unary(type: string, slope?: (x: Value, y: Value, g: Value) => Value): Operator {
  return {
    type,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    ...(slope && {
      gradient: ({ node, gradients: [g] }) => [slope(node.inputs[0], node.outputs[0], g!)],
    }),
  };
}

const Exp = unary('Exp', (_x, y, g) => mul(g, y));
const Log = unary('Log', (x, _y, g) => div(g, x));
const Sqrt = unary('Sqrt', (_x, y, g) => div(scale(g, 0.5), y));
const Reciprocal = unary('Reciprocal', (_x, y, g) => scale(mul(g, mul(y, y)), -1));
const Relu = unary('Relu', (_x, y, g) => where(greater(y, y.graph.scalar(0)), g, y.graph.scalar(0)));
const Abs = unary('Abs', (x, _y, g) => mul(g, sign(x)));
const Tanh = unary('Tanh', (_x, y, g) => mul(g, sub(y.graph.scalar(1), mul(y, y))));
const Sigmoid = unary('Sigmoid', (_x, y, g) => mul(g, mul(y, scale(shift(y, -1), -1))));
const Sign = unary('Sign', (_x, _y, g) => scale(g, 0));

export const operators = [Exp, Log, Sqrt, Reciprocal, Relu, Abs, Tanh, Sigmoid, Sign];
