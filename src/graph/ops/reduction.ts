import type { Attributes, Operator, Value } from '../graph.ts';
import { axisOf, constantIntegers } from '../shapes.ts';

/** Reductions keep no reduced axes unless asked. In opset 17 ReduceSum takes its axes as an input, the rest as attribute. */
export function axesOf(type: string, inputs: readonly Value[], attributes: Attributes): number[] {
  const [x] = inputs;
  const given = inputs[1] ? constantIntegers(type, inputs[1]) : ((attributes.axes as readonly number[]) ?? []);
  const axes = given.length ? given.map((axis) => axisOf(type, axis, x.shape.length)) : x.shape.map((_, i) => i);
  return axes.sort((p, q) => p - q);
}

const reduction = (type: string): Operator => ({
  type,
  infer(inputs, attributes) {
    const [x] = inputs;
    const axes = axesOf(type, inputs, attributes);
    const keep = (attributes.keepdims ?? 1) === 1;
    const shape = x.shape.flatMap((extent, i) => (axes.includes(i) ? (keep ? [1] : []) : [extent]));
    return [{ dtype: x.dtype, shape }];
  },
});

export const operators = ['ReduceSum', 'ReduceMean', 'ReduceSumSquare', 'ReduceMax'].map(reduction);
