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

/** The error for shapes that do not fit: names the operator, the values and their shapes. */
export function mismatch(what: string, why: string, ...values: readonly Value[]): BagsslError {
  const named = values.map((v) => `"${v.name}" [${v.shape}]`).join(' and ');
  return new BagsslError('shape-mismatch', `${what}: ${named} ${why}.`);
}

/** The elements of an int64 constant as numbers; operators whose output shape depends on them need them constant. */
export function constantIntegers(what: string, value: Value): number[] {
  if (!value.data) {
    throw new BagsslError('bad-model', `${what} needs "${value.name}" to be a constant: shapes in a graph are static.`);
  }
  return Array.from(value.data as Iterable<number | bigint>, Number);
}
