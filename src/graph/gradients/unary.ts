import {
  abs,
  cos,
  div,
  exp,
  greater,
  like,
  mul,
  neg,
  scale,
  shift,
  sigmoid,
  sign,
  sin,
  sub,
  where,
} from '../functions.ts';
import type { Attributes, GradientRule, GradientRules, Value } from '../graph.ts';

/** A function of one element: `slope` gives ∂L/∂x from x, y = f(x), ∂L/∂y and the node's attributes. */
const unary =
  (slope: (x: Value, y: Value, g: Value, attributes: Attributes) => Value): GradientRule =>
  ({ node, gradients: [g] }) => [slope(node.inputs[0], node.outputs[0], g!, node.attributes)];

export const rules: GradientRules = {
  Neg: unary((_x, _y, g) => neg(g)),
  Exp: unary((_x, y, g) => mul(g, y)),
  Log: unary((x, _y, g) => div(g, x)),
  Sqrt: unary((_x, y, g) => div(scale(g, 0.5), y)),
  Reciprocal: unary((_x, y, g) => scale(mul(g, mul(y, y)), -1)),
  Relu: unary((_x, y, g) => where(greater(y, like(y, 0)), g, like(y, 0))),
  Abs: unary((x, _y, g) => mul(g, sign(x))),
  Tanh: unary((_x, y, g) => mul(g, sub(like(y, 1), mul(y, y)))),
  Sigmoid: unary((_x, y, g) => mul(g, mul(y, scale(shift(y, -1), -1)))),
  Sin: unary((x, _y, g) => mul(g, cos(x))),
  Cos: unary((x, _y, g) => neg(mul(g, sin(x)))),
  // Steps: flat wherever they have a slope.
  Sign: unary((_x, _y, g) => scale(g, 0)),
  Floor: unary((_x, _y, g) => scale(g, 0)),
  Ceil: unary((_x, _y, g) => scale(g, 0)),
  Round: unary((_x, _y, g) => scale(g, 0)),

  /** erf′(x) = 2/√π · exp(−x²). */
  Erf: unary((x, _y, g) => mul(scale(g, 2 / Math.sqrt(Math.PI)), exp(mul(x, scale(x, -1))))),
  LeakyRelu: unary((x, _y, g, attributes) =>
    where(greater(x, like(x, 0)), g, scale(g, float(attributes, 'alpha', 0.01))),
  ),
  /** x where positive, else α(eˣ − 1), whose slope is y + α. */
  Elu: unary((x, y, g, attributes) =>
    where(greater(x, like(x, 0)), g, mul(g, shift(y, float(attributes, 'alpha', 1)))),
  ),
  /** log(1 + eˣ). */
  Softplus: unary((x, _y, g) => mul(g, sigmoid(x))),
  /** max(0, min(1, αx + β)); the slope is α where y is strictly between 0 and 1. */
  HardSigmoid: unary((_x, y, g, attributes) =>
    where(inside(y, 0, 1), scale(g, float(attributes, 'alpha', 0.2)), like(y, 0)),
  ),
  /** x·max(0, min(1, x/6 + ½)): 0 below −3, x above 3, its slope x/3 + ½ between. */
  HardSwish: unary((x, _y, g) => {
    const outer = where(greater(x, like(x, 0)), g, like(x, 0));
    return where(inside(x, -3, 3), mul(g, shift(scale(x, 1 / 3), 0.5)), outer);
  }),
};

const float = (attributes: Attributes, name: string, otherwise: number) =>
  (attributes[name] as { float: number } | undefined)?.float ?? otherwise;

/** low < x < high, as |x − middle| < half the width. */
const inside = (x: Value, low: number, high: number) =>
  greater(like(x, (high - low) / 2), abs(shift(x, -(low + high) / 2)));
