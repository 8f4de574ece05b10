import { expand, mul, reshape, scale } from '../functions.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { axisOf, constantIntegers, elements } from '../shapes.ts';

/** Reductions keep no reduced axes unless asked. In opset 17 ReduceSum takes its axes as an input, the rest as attribute. */
function axesOf(type: string, inputs: readonly Value[], attributes: Attributes): number[] {
  const [x] = inputs;
  const given = inputs[1] ? constantIntegers(type, inputs[1]) : ((attributes.axes as readonly number[]) ?? []);
  const axes = given.length ? given.map((axis) => axisOf(type, axis, x.shape.length)) : x.shape.map((_, i) => i);
  return axes.sort((p, q) => p - q);
}

function reduction(type: string, rule?: (x: Value, spread: (v: Value) => Value, g: Value, count: number) => Value) {
  const operator: Operator = {
    type,
    infer(inputs, attributes) {
      const [x] = inputs;
      const axes = axesOf(type, inputs, attributes);
      const keep = (attributes.keepdims ?? 1) === 1;
      const shape = x.shape.flatMap((extent, i) => (axes.includes(i) ? (keep ? [1] : []) : [extent]));
      return [{ dtype: x.dtype, shape }];
    },
    ...(rule && {
      gradient({ node, gradients: [g] }) {
        const [x] = node.inputs;
        const axes = axesOf(type, node.inputs, node.attributes);
        const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
        const count = elements(axes.map((i) => x.shape[i]));
        return [rule(x, (v) => expand(reshape(v, kept), x.shape), g!, count), undefined];
      },
    }),
  };
  return operator;
}

const ReduceSum = reduction('ReduceSum', (_x, spread, g) => spread(g));
const ReduceMean = reduction('ReduceMean', (_x, spread, g, count) => spread(scale(g, 1 / count)));
const ReduceSumSquare = reduction('ReduceSumSquare', (x, spread, g) => mul(x, spread(scale(g, 2))));
const ReduceMax = reduction('ReduceMax');

export const operators = [ReduceSum, ReduceMean, ReduceSumSquare, ReduceMax];
