import type { Operator, Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';

/** The axis and the indices counted from the front; indices must be a constant. */
export function picked([x, indices]: readonly Value[], axis: unknown) {
  const along = axisOf('Gather', (axis as number | undefined) ?? 0, x.shape.length);
  const extent = x.shape[along];
  const places = constantIntegers('Gather', indices).map((index) => {
    if (index < -extent || index >= extent) throw mismatch('Gather', `has no element ${index} along axis ${along}`, x);
    return index < 0 ? index + extent : index;
  });
  return { along, extent, places };
}

/** The elements at constant places along one axis. */
const Gather: Operator = {
  type: 'Gather',
  infer([x, indices], { axis }) {
    const { along } = picked([x, indices], axis);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)] }];
  },
};

/** Consecutive parts along one axis, whose extents are a constant input (since opset 13). */
const Split: Operator = {
  type: 'Split',
  infer([x, extents], { axis = 0 }) {
    const along = axisOf('Split', axis as number, x.shape.length);
    if (!extents) throw mismatch('Split', 'needs the extents of its parts as a second input', x);
    const parts = constantIntegers('Split', extents);
    if (parts.some((e) => e < 0) || parts.reduce((total, e) => total + e, 0) !== x.shape[along]) {
      throw mismatch('Split', `cannot be divided into [${parts}] along axis ${along}`, x);
    }
    return parts.map((extent) => ({ dtype: x.dtype, shape: x.shape.map((e, i) => (i === along ? extent : e)) }));
  },
};

export const operators = [Gather, Split];
