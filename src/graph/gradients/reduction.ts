import { reducedAxes } from '../attributes.ts';
import { div, expand, greater, like, mul, reduceSum, reshape, scale, where } from '../functions.ts';
import { elements, type GradientRule, type GradientRules, type Value } from '../graph.ts';

/** The arguments of a reduction's rule; `spread` repeats a value of y's shape over the reduced axes. */
interface Reduced {
  readonly x: Value;
  readonly y: Value;
  readonly g: Value;
  readonly axes: readonly number[];
  readonly spread: (v: Value) => Value;
}

const reduction =
  (rule: (reduced: Reduced) => Value): GradientRule =>
  ({ node, gradients: [g] }) => {
    const [x] = node.inputs;
    const axes = reducedAxes(node.operator.type, node.inputs, node.attributes);
    const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
    const spread = (v: Value) => expand(reshape(v, kept), x.shape);
    return [rule({ x, y: node.outputs[0], g: g!, axes, spread }), undefined];
  };

export const rules: GradientRules = {
  ReduceSum: reduction(({ g, spread }) => spread(g)),
  ReduceMean: reduction(({ x, g, axes, spread }) => spread(scale(g, 1 / elements(axes.map((i) => x.shape[i]))))),
  ReduceSumSquare: reduction(({ x, g, spread }) => mul(x, spread(scale(g, 2)))),

  /** Elements that share the maximum share its gradient equally. */
  ReduceMax: reduction(({ x, y, g, axes, spread }) => {
    const largest = where(greater(spread(y), x), like(x, 0), like(x, 1));
    const sharers = reshape(reduceSum(largest, axes, true), g.shape);
    return mul(largest, spread(div(g, sharers)));
  }),
};
