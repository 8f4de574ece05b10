import { BagsslError } from '../base/errors.ts';
import type { Value } from './graph.ts';

/** NumPy's broadcast of two shapes; `what` names the operator in the error. */
export function broadcast(what: string, a: Value, b: Value): number[] {
  const rank = Math.max(a.shape.length, b.shape.length);
  return Array.from({ length: rank }, (_, i) => {
    const p = a.shape[i - rank + a.shape.length] ?? 1;
    const q = b.shape[i - rank + b.shape.length] ?? 1;
    if (p !== q && p !== 1 && q !== 1) throw mismatch(what, 'cannot be broadcast together', a, b);
    return p === 1 ? q : p;
  });
}

/** An axis counted from the front; negative ones count from the end. */
export function axisOf(what: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new BagsslError('shape-mismatch', `${what}: axis ${axis} does not exist in a tensor of rank ${rank}.`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Rejects operands of different element types. */
export function sameType(what: string, ...values: readonly Value[]): void {
  const stranger = values.find(({ dtype }) => dtype !== values[0].dtype);
  if (stranger) throw mismatch(what, `differ in type (${values[0].dtype}, ${stranger.dtype})`, values[0], stranger);
}

/** The error for shapes that do not go together: names the operator, the values and both shapes. */
export function mismatch(what: string, why: string, ...values: readonly Value[]): BagsslError {
  const named = values.map((v) => `"${v.name}" [${v.shape}]`).join(' and ');
  return new BagsslError('shape-mismatch', `${what}: ${named} ${why}.`);
}

/** First element, step and number of elements along each axis of `x`, from Slice's other inputs, after ONNX's clamping. */
export function sliceRanges(x: Value, [starts, ends, axes, steps]: readonly Value[]) {
  const from = constantIntegers('Slice', starts);
  const to = constantIntegers('Slice', ends);
  const along = axes ? constantIntegers('Slice', axes) : from.map((_, i) => i);
  const by = steps ? constantIntegers('Slice', steps) : from.map(() => 1);
  const ranges = x.shape.map((extent) => ({ start: 0, step: 1, count: extent }));
  along.forEach((axis, k) => {
    const i = axisOf('Slice', axis, x.shape.length);
    const extent = x.shape[i];
    const step = by[k];
    if (step === 0) throw new BagsslError('bad-model', `Slice: a step of 0 on axis ${i} of "${x.name}".`);
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? extent - 1 : extent;
    const clamp = (v: number) => Math.min(high, Math.max(low, v < 0 ? v + extent : v));
    const start = Math.max(0, clamp(from[k]));
    // An end below −extent means "through element 0" when walking backwards.
    const end = step < 0 && to[k] < -extent ? -1 : clamp(to[k]);
    ranges[i] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

/** The elements of an int64 constant as numbers; operators whose output shape depends on them need them known. */
export function constantIntegers(what: string, value: Value): number[] {
  if (!value.data) {
    throw new BagsslError('bad-model', `${what} needs "${value.name}" to be a constant: shapes in a graph are static.`);
  }
  return Array.from(value.data as Iterable<number | bigint>, Number);
}
