import { placesOf, sliceRanges } from '../attributes.ts';
import { graphOf, type Operator, type Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch, sameType } from '../shapes.ts';
import { like } from './arithmetic.ts';
import { inFloat32 } from './selection.ts';

export default [
  {
    type: 'Concat',
    since: 4,
    kind: 'other',
    settings: [],
    infer(inputs, { axis }) {
      const [first] = inputs;
      sameType('Concat', ...inputs);
      const along = axisOf('Concat', axis as number, first.shape.length);
      for (const input of inputs) {
        const fits =
          input.shape.length === first.shape.length && input.shape.every((e, i) => i === along || e === first.shape[i]);
        if (!fits) throw mismatch('Concat', `differ outside axis ${along}`, first, input);
      }
      const total = inputs.reduce((length, input) => length + input.shape[along], 0);
      return [{ dtype: first.dtype, shape: first.shape.map((extent, i) => (i === along ? total : extent)) }];
    },
  },
  {
    type: 'Slice',
    since: 10,
    kind: 'other',
    settings: [1, 2, 3, 4],
    infer: ([x, ...rest]) => [{ dtype: x.dtype, shape: sliceRanges(x, rest).map(({ count }) => count) }],
  },
  {
    type: 'Pad',
    since: 11,
    kind: 'other',
    settings: [1, 2],
    infer([x, pads], { mode = 'constant' }) {
      if (mode !== 'constant') throw mismatch('Pad', `cannot be padded in mode "${mode}", only "constant"`, x);
      const amounts = constantIntegers('Pad', pads);
      const rank = x.shape.length;
      return [{ dtype: x.dtype, shape: x.shape.map((extent, i) => extent + amounts[i] + amounts[i + rank]) }];
    },
  },
  /** The elements at constant places along one axis. */
  {
    type: 'Gather',
    since: 1,
    kind: 'other',
    settings: [1],
    infer([x, indices], attributes) {
      const { along } = placesOf([x, indices], attributes);
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)] }];
    },
  },
  /** Consecutive parts along one axis, whose extents are a constant input. */
  {
    type: 'Split',
    since: 13,
    kind: 'other',
    settings: [1],
    infer([x, extents], { axis = 0 }) {
      const along = axisOf('Split', axis as number, x.shape.length);
      if (!extents) throw mismatch('Split', 'needs the extents of its parts as a second input', x);
      const parts = constantIntegers('Split', extents);
      if (parts.some((e) => e < 0) || parts.reduce((total, e) => total + e, 0) !== x.shape[along]) {
        throw mismatch('Split', `cannot be divided into [${parts}] along axis ${along}`, x);
      }
      return parts.map((extent) => ({ dtype: x.dtype, shape: x.shape.map((e, i) => (i === along ? extent : e)) }));
    },
  },
] satisfies Operator[];

/** Values of one shape except along `axis`, joined along it. */
export const concat = (values: readonly Value[], axis: number): Value =>
  values?.length === 1 ? values[0] : graphOf(values?.[0]).apply('Concat', values, { axis })[0];

/** Elements start, start + step, … before end, along each of `axes`. */
export function slice(
  x: Value,
  axes: readonly number[],
  starts: readonly number[],
  ends: readonly number[],
  steps: readonly number[] = axes.map(() => 1),
): Value {
  const graph = graphOf(x);
  const whole = axes.every((axis, k) => starts[k] === 0 && ends[k] === x.shape[axis] && steps[k] === 1);
  if (whole) return x;
  return graph.apply('Slice', [x, ...[starts, ends, axes, steps].map((list) => graph.integers(list))])[0];
}

/** Reversed along `axes`. */
export function flip(x: Value, axes: readonly number[]): Value {
  const all = (k: number) => axes.map(() => k);
  return slice(x, axes, all(-1), all(-(2 ** 31)), all(-1));
}

/**
 * Puts zeros, or another value, around a tensor: `before` and `after` hold one amount per axis. Half floats are padded as float32,
 * because naga, the shader compiler of Deno and Firefox, refuses ORT 1.30's shader for padding them.
 */
export function pad(x: Value, before: readonly number[], after: readonly number[], value = 0): Value {
  const graph = graphOf(x);
  if (before.every((n) => n === 0) && after.every((n) => n === 0)) return x;
  const amounts = graph.integers([...before, ...after]);
  const padded = (wide: Value) =>
    graph.apply('Pad', value === 0 ? [wide, amounts] : [wide, amounts, like(wide, value)])[0];
  return x.dtype === 'float16' ? inFloat32(padded, x) : padded(x);
}

/** The elements at known places along an axis; a single number removes the axis. */
export function gather(x: Value, indices: number | readonly number[], axis: number): Value {
  const graph = graphOf(x);
  const index =
    typeof indices === 'number' ? graph.constant(BigInt64Array.of(BigInt(indices)), []) : graph.integers(indices);
  return graph.apply('Gather', [x, index], { axis })[0];
}

/** Consecutive parts of these extents along an axis. */
export const split = (x: Value, extents: readonly number[], axis: number): Value[] =>
  graphOf(x).apply('Split', [x, graphOf(x).integers(extents)], { axis });
