import { cast, greater, like, unbroadcast, where } from '../functions.ts';
import type { Operator, Value } from '../graph.ts';
import { dtypeOfCode } from '../onnx-types.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';

const Greater: Operator = {
  type: 'Greater',
  infer([a, b]) {
    sameType('Greater', a, b);
    return [{ dtype: 'bool', shape: broadcast('Greater', a, b) }];
  },
  gradient: () => [undefined, undefined],
};

const Where: Operator = {
  type: 'Where',
  infer([condition, a, b]) {
    if (condition.dtype !== 'bool') throw mismatch('Where', 'is not of type bool', condition);
    sameType('Where', a, b);
    const shape = broadcast('Where', { ...a, shape: broadcast('Where', a, b) }, condition);
    return [{ dtype: a.dtype, shape }];
  },
  gradient({ node, gradients: [g], wanted }) {
    const [condition, a, b] = node.inputs;
    const zero = like(g!, 0);
    return [
      undefined,
      wanted[1] ? unbroadcast(where(condition, g!, zero), a) : undefined,
      wanted[2] ? unbroadcast(where(condition, zero, g!), b) : undefined,
    ];
  },
};

/** The larger and the smaller of two; where they are equal the gradient goes to the second. */
function extremum(type: string, first: (a: Value, b: Value) => Value): Operator {
  return {
    type,
    infer([a, b]) {
      sameType(type, a, b);
      return [{ dtype: a.dtype, shape: broadcast(type, a, b) }];
    },
    gradient({ node, gradients: [g], wanted }) {
      const [a, b] = node.inputs;
      const condition = first(a, b);
      const zero = like(g!, 0);
      return [
        wanted[0] ? unbroadcast(where(condition, g!, zero), a) : undefined,
        wanted[1] ? unbroadcast(where(condition, zero, g!), b) : undefined,
      ];
    },
  };
}
const Max = extremum('Max', (a, b) => greater(a, b));
const Min = extremum('Min', (a, b) => greater(b, a));

/** min(high, max(low, x)), both scalars and either absent; no gradient at the limits themselves, as in PyTorch. */
const Clip: Operator = {
  type: 'Clip',
  infer([x, ...limits]) {
    for (const limit of limits) if (limit.shape.length > 0) throw mismatch('Clip', 'must be scalar limits', limit);
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ node, gradients: [g] }) {
    const [x, low, high] = node.inputs;
    const zero = like(x, 0);
    const above = low ? where(greater(x, low), g!, zero) : g!;
    return [high ? where(greater(high, x), above, zero) : above];
  },
};

const Cast: Operator = {
  type: 'Cast',
  infer([x], { to }) {
    const dtype = dtypeOfCode(to as number);
    if (!dtype) throw mismatch('Cast', `cannot be cast to ONNX type ${to}`, x);
    return [{ dtype, shape: x.shape }];
  },
  gradient: ({ node, gradients: [g] }) => [cast(g!, node.inputs[0].dtype)],
};

export const operators = [Greater, Where, Max, Min, Clip, Cast];
