import { elements } from '../elements.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';

/** Operators that rename axes and move nothing. */
function renaming(type: string, shapeOf: (inputs: readonly Value[], attributes: Attributes) => number[]): Operator {
  return {
    type,
    infer: (inputs, attributes) => [{ dtype: inputs[0].dtype, shape: shapeOf(inputs, attributes) }],
  };
}

/** A matrix: the axes before `axis` make its rows, which may be none, the rest its columns. */
const Flatten = renaming('Flatten', ([x], { axis = 1 }) => {
  const rank = x.shape.length;
  const first = axis === rank ? rank : axisOf('Flatten', axis as number, rank);
  return [elements(x.shape.slice(0, first)), elements(x.shape.slice(first))];
});

/** Since opset 13 the axes are an input; without it every axis of extent 1 goes away. */
const Squeeze = renaming('Squeeze', ([x, axes]) => {
  const gone = axes
    ? constantIntegers('Squeeze', axes).map((axis) => axisOf('Squeeze', axis, x.shape.length))
    : x.shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
  for (const axis of gone) if (x.shape[axis] !== 1) throw mismatch('Squeeze', `has more than 1 along axis ${axis}`, x);
  return x.shape.filter((_, i) => !gone.includes(i));
});

const Unsqueeze = renaming('Unsqueeze', ([x, axes]) => {
  const wanted = constantIntegers('Unsqueeze', axes);
  const rank = x.shape.length + wanted.length;
  const added = new Set(wanted.map((axis) => axisOf('Unsqueeze', axis, rank)));
  if (added.size < wanted.length) throw mismatch('Unsqueeze', `cannot get the same axis twice in [${wanted}]`, x);
  const rest = [...x.shape];
  return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.shift()!));
});

export const operators = [Flatten, Squeeze, Unsqueeze];
