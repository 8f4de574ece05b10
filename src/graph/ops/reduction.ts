import { elements } from '../elements.ts';
import { div, expand, greater, like, mul, reduceSum, reshape, scale, where } from '../functions.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { axisOf, constantIntegers } from '../shapes.ts';

/** Reductions keep no reduced axes unless asked. In opset 17 ReduceSum takes its axes as an input, the rest as attribute. */
function axesOf(type: string, inputs: readonly Value[], attributes: Attributes): number[] {
  const [x] = inputs;
  const given = inputs[1] ? constantIntegers(type, inputs[1]) : ((attributes.axes as readonly number[]) ?? []);
  const axes = given.length ? given.map((axis) => axisOf(type, axis, x.shape.length)) : x.shape.map((_, i) => i);
  return axes.sort((p, q) => p - q);
}

/** ∂L/∂x from ∂L/∂y; `spread` repeats a value of y's shape over the reduced axes. */
type Rule = (context: {
  readonly x: Value;
  readonly y: Value;
  readonly g: Value;
  readonly axes: readonly number[];
  readonly spread: (v: Value) => Value;
}) => Value;

function reduction(type: string, rule: Rule) {
  const operator: Operator = {
    type,
    infer(inputs, attributes) {
      const [x] = inputs;
      const axes = axesOf(type, inputs, attributes);
      const keep = (attributes.keepdims ?? 1) === 1;
      const shape = x.shape.flatMap((extent, i) => (axes.includes(i) ? (keep ? [1] : []) : [extent]));
      return [{ dtype: x.dtype, shape }];
    },
    gradient({ node, gradients: [g] }) {
      const [x] = node.inputs;
      const axes = axesOf(type, node.inputs, node.attributes);
      const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
      const spread = (v: Value) => expand(reshape(v, kept), x.shape);
      return [rule({ x, y: node.outputs[0], g: g!, axes, spread }), undefined];
    },
  };
  return operator;
}

const ReduceSum = reduction('ReduceSum', ({ g, spread }) => spread(g));
const ReduceMean = reduction('ReduceMean', ({ x, g, axes, spread }) =>
  spread(scale(g, 1 / elements(axes.map((i) => x.shape[i])))),
);
const ReduceSumSquare = reduction('ReduceSumSquare', ({ x, g, spread }) => mul(x, spread(scale(g, 2))));
/** Elements that share the maximum share its gradient equally. */
const ReduceMax = reduction('ReduceMax', ({ x, y, g, axes, spread }) => {
  const largest = where(greater(spread(y), x), like(x, 0), like(x, 1));
  const sharers = reshape(reduceSum(largest, axes, true), g.shape);
  return mul(largest, spread(div(g, sharers)));
});

export const operators = [ReduceSum, ReduceMean, ReduceSumSquare, ReduceMax];
