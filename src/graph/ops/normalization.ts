import { add, mul, neg, reciprocal, reduceSum, reshape, scale, shift, sqrt } from '../functions.ts';
import type { Operator, Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';

/** In inference form: y = scale·(x − mean)/√(variance + ε) + bias per channel, with all four given as tensors. */
const BatchNormalization: Operator = {
  type: 'BatchNormalization',
  infer(inputs) {
    const [x, ...perChannel] = inputs;
    for (const v of perChannel) {
      if (v.shape.length !== 1 || v.shape[0] !== x.shape[1])
        throw mismatch('BatchNormalization', 'differ in channels', x, v);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient({ node, gradients: [g], wanted }) {
    const [x, gamma, , mean, variance] = node.inputs;
    const epsilon = (node.attributes.epsilon as { float: number } | undefined)?.float ?? 1e-5;
    const inverse = reciprocal(sqrt(shift(variance, epsilon)));
    const axes = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
    const dbias = reduceSum(g!, axes);
    const dscale = () => mul(inverse, add(reduceSum(mul(g!, x), axes), neg(mul(mean, dbias))));
    return [
      wanted[0] ? perChannel(g!, mul(gamma, inverse)) : undefined,
      wanted[1] ? dscale() : undefined,
      dbias,
      wanted[3] ? neg(mul(mul(gamma, inverse), dbias)) : undefined,
      wanted[4] ? scale(mul(mul(gamma, mul(inverse, inverse)), dscale()), -0.5) : undefined,
    ];
  },
};

const perChannel = (x: Value, factor: Value) =>
  mul(
    x,
    reshape(
      factor,
      x.shape.map((extent, i) => (i === 1 ? extent : 1)),
    ),
  );

const Softmax: Operator = {
  type: 'Softmax',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  // ∂L/∂x = y ⊙ (g − Σ y ⊙ g)
  gradient({ node, gradients: [g] }) {
    const [y] = node.outputs;
    const axis = (node.attributes.axis as number | undefined) ?? -1;
    const inner = reduceSum(mul(g!, y), [axis < 0 ? axis + y.shape.length : axis], true);
    return [mul(y, add(g!, neg(inner)))];
  },
};

export const operators = [BatchNormalization, Softmax];
