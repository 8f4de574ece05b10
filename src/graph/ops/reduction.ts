import { reducedAxes } from '../attributes.ts';
import { graphOf, type Operator, type Value } from '../graph.ts';
import { reshape } from './layout.ts';
import { inFloat32 } from './selection.ts';

/** Reduced axes are kept, with extent 1, unless `keepdims` is 0. */
const reduction = (type: string, since: number, settings: readonly number[]): Operator => ({
  type,
  since,
  kind: 'other',
  settings,
  infer(inputs, attributes) {
    const [x] = inputs;
    const axes = reducedAxes(type, inputs, attributes);
    const keep = (attributes.keepdims ?? 1) === 1;
    const shape = x.shape.flatMap((extent, i) => (axes.includes(i) ? (keep ? [1] : []) : [extent]));
    return [{ dtype: x.dtype, shape }];
  },
});

export default [
  reduction('ReduceSum', 13, [1]),
  reduction('ReduceMean', 1, []),
  reduction('ReduceSumSquare', 1, []),
  reduction('ReduceMax', 1, []),
] satisfies Operator[];

/** A reduction over `axes`, which are removed unless `keep`. */
export type Reduce = (x: Value, axes: readonly number[], keep?: boolean) => Value;
const wide =
  (reduce: Reduce): Reduce =>
  (x, axes, keep) =>
    inFloat32((wider) => reduce(wider, axes, keep), x);
const reduced =
  (type: string): Reduce =>
  (x, axes, keep = false) =>
    graphOf(x).apply(type, [x], { axes, keepdims: keep ? 1 : 0 })[0];

/** The sum over `axes`, which are removed unless `keep`. */
export const reduceSum: Reduce = /* @__PURE__ */ wide(
  (x, axes, keep = false) =>
    graphOf(x).apply('ReduceSum', [x, graphOf(x).integers(axes)], { keepdims: keep ? 1 : 0 })[0],
);
/** The mean over `axes`, which are removed unless `keep`. */
export const reduceMean: Reduce = /* @__PURE__ */ wide(/* @__PURE__ */ reduced('ReduceMean'));
/** Σ x² over `axes`, which are removed unless `keep`. */
export const reduceSumSquare: Reduce = /* @__PURE__ */ wide(/* @__PURE__ */ reduced('ReduceSumSquare'));
/** The largest element over `axes`, which are removed unless `keep`. */
export const reduceMax: Reduce = /* @__PURE__ */ reduced('ReduceMax');

/** Sums a gradient over the axes that broadcasting repeated, so that it has the operand's own shape again. */
export function unbroadcast(gradient: Value, operand: Value): Value {
  for (const value of [gradient, operand]) graphOf(value);
  const { shape } = operand;
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((extent, i) =>
    i < extra || (shape[i - extra] === 1 && extent !== 1) ? [i] : [],
  );
  return axes.length === 0 ? gradient : reshape(reduceSum(gradient, axes), shape);
}
