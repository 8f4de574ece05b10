import { type Attributes, elements, graphOf, type Operator, type Shape, type Value } from '../graph.ts';
import { axisOf, broadcast, constantIntegers, mismatch } from '../shapes.ts';
import type { Unary } from './unary.ts';

/** Gives the axes other extents and moves no element. */
const renaming = (
  type: string,
  since: number,
  settings: readonly number[],
  shapeOf: (inputs: readonly Value[], attributes: Attributes) => number[],
): Operator => ({
  type,
  since,
  kind: 'renaming',
  settings,
  infer: (inputs, attributes) => [{ dtype: inputs[0].dtype, shape: shapeOf(inputs, attributes) }],
});

export default [
  {
    type: 'Identity',
    since: 1,
    kind: 'pointwise',
    settings: [],
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  },
  renaming('Reshape', 5, [1], ([x, target]) => {
    const wanted = constantIntegers('Reshape', target).map((extent, i) => (extent === 0 ? x.shape[i] : extent));
    const known = elements(wanted.filter((extent) => extent !== -1));
    const shape = wanted.map((extent) => (extent === -1 ? elements(x.shape) / known : extent));
    if (elements(shape) !== elements(x.shape) || shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
      throw mismatch('Reshape', `does not fit shape [${wanted}]`, x);
    }
    return shape;
  }),
  /** A matrix: the axes before `axis` (there may be none) make its rows, the rest its columns. */
  renaming('Flatten', 1, [], ([x], { axis = 1 }) => {
    const rank = x.shape.length;
    const first = axis === rank ? rank : axisOf('Flatten', axis as number, rank);
    return [elements(x.shape.slice(0, first)), elements(x.shape.slice(first))];
  }),
  /** Without the second input every axis of extent 1 is removed. */
  renaming('Squeeze', 13, [1], ([x, axes]) => {
    const gone = axes
      ? constantIntegers('Squeeze', axes).map((axis) => axisOf('Squeeze', axis, x.shape.length))
      : x.shape.flatMap((extent, i) => (extent === 1 ? [i] : []));
    for (const axis of gone)
      if (x.shape[axis] !== 1) throw mismatch('Squeeze', `has more than 1 along axis ${axis}`, x);
    return x.shape.filter((_, i) => !gone.includes(i));
  }),
  renaming('Unsqueeze', 13, [1], ([x, axes]) => {
    const wanted = constantIntegers('Unsqueeze', axes);
    const rank = x.shape.length + wanted.length;
    const added = new Set(wanted.map((axis) => axisOf('Unsqueeze', axis, rank)));
    if (added.size < wanted.length) throw mismatch('Unsqueeze', `cannot get the same axis twice in [${wanted}]`, x);
    const rest = [...x.shape];
    return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : rest.shift()!));
  }),
  {
    type: 'Transpose',
    since: 1,
    kind: 'other',
    settings: [],
    infer([x], { perm }) {
      const order = (perm as readonly number[] | undefined) ?? x.shape.map((_, i) => x.shape.length - 1 - i);
      if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
        throw mismatch('Transpose', `cannot be permuted by [${order}]`, x);
      }
      return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }];
    },
  },
  {
    type: 'Expand',
    since: 8,
    kind: 'other',
    settings: [1],
    infer([x, target]) {
      const shape = constantIntegers('Expand', target);
      return [{ dtype: x.dtype, shape: broadcast('Expand', x, { ...target, shape }) }];
    },
  },
] satisfies Operator[];

/** x itself, as a separate value. */
export const identity: Unary = (x) => graphOf(x).apply('Identity', [x])[0];

/** The same elements in their order under other extents. */
export function reshape(x: Value, shape: Shape): Value {
  const graph = graphOf(x);
  return `${shape}` === `${x.shape}` ? x : graph.apply('Reshape', [x, graph.integers(shape)])[0];
}

/** Axes in another order: axis i of the result is axis perm[i] of x. */
export const transpose = (x: Value, perm: readonly number[]): Value => graphOf(x).apply('Transpose', [x], { perm })[0];

/** The last two axes swapped: Aᵀ of every matrix in a stack. */
export function transposed(x: Value): Value {
  graphOf(x);
  const order = x.shape.map((_, i) => i);
  const last = order.length - 1;
  [order[last - 1], order[last]] = [order[last], order[last - 1]];
  return transpose(x, order);
}

/** Repeated to a larger shape, by NumPy's broadcasting. */
export function expand(x: Value, shape: Shape): Value {
  const graph = graphOf(x);
  return `${shape}` === `${x.shape}` ? x : graph.apply('Expand', [x, graph.integers(shape)])[0];
}

/** Removes the named axes, each of extent 1. */
export const squeeze = (x: Value, axes: readonly number[]): Value =>
  graphOf(x).apply('Squeeze', [x, graphOf(x).integers(axes)])[0];
/** Inserts axes of extent 1 at these places of the result. */
export const unsqueeze = (x: Value, axes: readonly number[]): Value =>
  graphOf(x).apply('Unsqueeze', [x, graphOf(x).integers(axes)])[0];

/** A matrix: all axes before `axis` become its rows, the others its columns. */
export const flatten = (x: Value, axis = 1): Value => graphOf(x).apply('Flatten', [x], { axis })[0];
