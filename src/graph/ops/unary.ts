import { abs, div, exp, greater, like, mul, scale, shift, sigmoid, sign, sub, where } from '../functions.ts';
import type { Attributes, Operator, Value } from '../graph.ts';

/** A function of one element: `slope` gives ∂L/∂x from x, y = f(x), ∂L/∂y and the node's attributes. */
function unary(type: string, slope?: (x: Value, y: Value, g: Value, attributes: Attributes) => Value): Operator {
  return {
    type,
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    ...(slope && {
      gradient: ({ node, gradients: [g] }) => [slope(node.inputs[0], node.outputs[0], g!, node.attributes)],
    }),
  };
}

const Exp = unary('Exp', (_x, y, g) => mul(g, y));
const Log = unary('Log', (x, _y, g) => div(g, x));
const Sqrt = unary('Sqrt', (_x, y, g) => div(scale(g, 0.5), y));
const Reciprocal = unary('Reciprocal', (_x, y, g) => scale(mul(g, mul(y, y)), -1));
const Relu = unary('Relu', (_x, y, g) => where(greater(y, like(y, 0)), g, like(y, 0)));
const Abs = unary('Abs', (x, _y, g) => mul(g, sign(x)));
const Tanh = unary('Tanh', (_x, y, g) => mul(g, sub(like(y, 1), mul(y, y))));
const Sigmoid = unary('Sigmoid', (_x, y, g) => mul(g, mul(y, scale(shift(y, -1), -1))));
const Sign = unary('Sign', (_x, _y, g) => scale(g, 0));

/** erf′(x) = 2/√π · exp(−x²). */
const Erf = unary('Erf', (x, _y, g) => mul(scale(g, 2 / Math.sqrt(Math.PI)), exp(mul(x, scale(x, -1)))));
const LeakyRelu = unary('LeakyRelu', (x, _y, g, attributes) =>
  where(greater(x, like(x, 0)), g, scale(g, float(attributes, 'alpha', 0.01))),
);
/** x where positive, else α(eˣ − 1), whose slope is y + α. */
const Elu = unary('Elu', (x, y, g, attributes) =>
  where(greater(x, like(x, 0)), g, mul(g, shift(y, float(attributes, 'alpha', 1)))),
);
/** log(1 + eˣ). */
const Softplus = unary('Softplus', (x, _y, g) => mul(g, sigmoid(x)));
/** max(0, min(1, αx + β)); the slope is α where the function is neither 0 nor 1. */
const HardSigmoid = unary('HardSigmoid', (_x, y, g, attributes) =>
  where(inside(y, 0, 1), scale(g, float(attributes, 'alpha', 0.2)), like(y, 0)),
);
/** x·max(0, min(1, x/6 + ½)): 0 below −3, x above 3, its slope x/3 + ½ between. */
const HardSwish = unary('HardSwish', (x, _y, g) => {
  const outer = where(greater(x, like(x, 0)), g, like(x, 0));
  return where(inside(x, -3, 3), mul(g, shift(scale(x, 1 / 3), 0.5)), outer);
});

const float = (attributes: Attributes, name: string, otherwise: number) =>
  (attributes[name] as { float: number } | undefined)?.float ?? otherwise;

/** low < x < high, as |x − middle| < half the width. */
const inside = (x: Value, low: number, high: number) =>
  greater(like(x, (high - low) / 2), abs(shift(x, -(low + high) / 2)));

export const operators = [
  Exp,
  Log,
  Sqrt,
  Reciprocal,
  Relu,
  Abs,
  Tanh,
  Sigmoid,
  Sign,
  Erf,
  LeakyRelu,
  Elu,
  Softplus,
  HardSigmoid,
  HardSwish,
];
