import type { Operator } from '../graph.ts';
import { dtypeOfCode } from '../onnx-types.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';

const Greater: Operator = {
  type: 'Greater',
  infer([a, b]) {
    sameType('Greater', a, b);
    return [{ dtype: 'bool', shape: broadcast('Greater', a, b) }];
  },
};

const Where: Operator = {
  type: 'Where',
  infer([condition, a, b]) {
    if (condition.dtype !== 'bool') throw mismatch('Where', 'is not of type bool', condition);
    sameType('Where', a, b);
    const shape = broadcast('Where', { ...a, shape: broadcast('Where', a, b) }, condition);
    return [{ dtype: a.dtype, shape }];
  },
};

/** min(high, max(low, x)), both scalars and either absent. */
const Clip: Operator = {
  type: 'Clip',
  infer([x, ...limits]) {
    for (const limit of limits) if (limit.shape.length > 0) throw mismatch('Clip', 'must be scalar limits', limit);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
};

const Cast: Operator = {
  type: 'Cast',
  infer([x], { to }) {
    const dtype = dtypeOfCode(to as number);
    if (!dtype) throw mismatch('Cast', `cannot be cast to ONNX type ${to}`, x);
    return [{ dtype, shape: x.shape }];
  },
};

export const operators = [Greater, Where, Clip, Cast];
