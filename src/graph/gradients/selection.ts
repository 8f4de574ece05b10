import { cast, greater, like, unbroadcast, where } from '../functions.ts';
import type { GradientRule, GradientRules, Value } from '../graph.ts';

/** Where `first` holds the gradient is the first operand's, else the second's: there too where they are equal. */
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
  Greater: () => [undefined, undefined],

  Where({ node, gradients: [g], wanted }) {
    const [condition, a, b] = node.inputs;
    const zero = like(g!, 0);
    return [
      undefined,
      wanted[1] ? unbroadcast(where(condition, g!, zero), a) : undefined,
      wanted[2] ? unbroadcast(where(condition, zero, g!), b) : undefined,
    ];
  },

  Max: extremum((a, b) => greater(a, b)),
  Min: extremum((a, b) => greater(b, a)),

  /** None at the limits themselves, as in PyTorch. */
  Clip({ node, gradients: [g] }) {
    const [x, low, high] = node.inputs;
    const zero = like(x, 0);
    const above = low ? where(greater(x, low), g!, zero) : g!;
    return [high ? where(greater(high, x), above, zero) : above];
  },

  Cast: ({ node, gradients: [g] }) => [cast(g!, node.inputs[0].dtype)],
};
