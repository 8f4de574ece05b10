import { cast, greater, like, unbroadcast, where } from '../functions.ts';
import type { GradientRules } from '../graph.ts';

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

  /** Zero at the limits themselves, as in PyTorch. */
  Clip({ node, gradients: [g] }) {
    const [x, low, high] = node.inputs;
    const zero = like(x, 0);
    const above = low ? where(greater(x, low), g!, zero) : g!;
    return [high ? where(greater(high, x), above, zero) : above];
  },

  Cast: ({ node, gradients: [g] }) => [cast(g!, node.inputs[0].dtype)],
};
