import { div, greater, like, mul, neg, pow, shift, unbroadcast, where } from '../functions.ts';
import type { GradientRule, GradientRules, Value } from '../graph.ts';

/** `rule` maps a, b, ∂L/∂y and y to ∂L/∂a and ∂L/∂b, both of y's broadcast shape. */
const elementwise =
  (rule: (a: Value, b: Value, g: Value, y: Value) => (() => Value)[]): GradientRule =>
  ({ node, gradients: [g], wanted }) => {
    const [a, b] = node.inputs;
    const parts = rule(a, b, g!, node.outputs[0]);
    return node.inputs.map((operand, k) => (wanted[k] ? unbroadcast(parts[k](), operand) : undefined));
  };

/** The first operand gets the gradient where `first` holds, the second everywhere else, so also where they are equal. */
const extremum =
  (first: (a: Value, b: Value) => Value): GradientRule =>
  ({ node, gradients: [g], wanted }) => {
    const [a, b] = node.inputs;
    const condition = first(a, b);
    const zero = like(g!, 0);
    return [
      wanted[0] ? unbroadcast(where(condition, g!, zero), a) : undefined,
      wanted[1] ? unbroadcast(where(condition, zero, g!), b) : undefined,
    ];
  };

export const rules: GradientRules = {
  Add: elementwise((_a, _b, g) => [() => g, () => g]),
  Sub: elementwise((_a, _b, g) => [() => g, () => neg(g)]),
  Mul: elementwise((a, b, g) => [() => mul(g, b), () => mul(g, a)]),
  Div: elementwise((_a, b, g, y) => [() => div(g, b), () => neg(div(mul(g, y), b))]),

  /** The gradient treats the exponent as a constant: ∂aᵇ/∂a = b·aᵇ⁻¹. */
  Pow({ node, gradients: [g], wanted }) {
    const [a, b] = node.inputs;
    const slope = () => mul(b, pow(a, shift(b, -1)));
    return [wanted[0] ? unbroadcast(mul(g!, slope()), a) : undefined, undefined];
  },

  Max: extremum((a, b) => greater(a, b)),
  Min: extremum((a, b) => greater(b, a)),

  Sum: ({ node, gradients: [g] }) => node.inputs.map(() => g),
};
