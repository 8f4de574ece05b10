import { rowsOf } from '../attributes.ts';
import { graphOf, type Operator, type Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';

export default [
  /** In inference form: y = scale·(x − mean)/√(variance + ε) + bias per channel, with all four given as tensors. */
  {
    type: 'BatchNormalization',
    since: 7,
    kind: 'other',
    settings: [],
    infer(inputs) {
      const [x, ...perChannel] = inputs;
      for (const v of perChannel) {
        if (v.shape.length !== 1 || v.shape[0] !== x.shape[1])
          throw mismatch('BatchNormalization', 'differ in channels', x, v);
      }
      return [{ dtype: x.dtype, shape: x.shape }];
    },
  },
  {
    type: 'Softmax',
    since: 13,
    kind: 'other',
    settings: [],
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  },
  {
    type: 'LogSoftmax',
    since: 13,
    kind: 'other',
    settings: [],
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  },
  /**
   * y = scale·x̂ + bias with x̂ = (x − mean)/√(variance + ε), every row by its own mean and variance; the mean and the inverse
   * deviation are its second and third outputs, in float32 whatever x is.
   */
  {
    type: 'LayerNormalization',
    since: 17,
    kind: 'other',
    settings: [],
    infer([x, gamma, beta], attributes) {
      const { first } = rowsOf(x, attributes);
      for (const v of beta ? [gamma, beta] : [gamma]) {
        if (`${v.shape}` !== `${x.shape.slice(first)}`) throw mismatch('LayerNormalization', 'do not fit', x, v);
      }
      const statistic = { dtype: 'float32' as const, shape: x.shape.map((extent, i) => (i < first ? extent : 1)) };
      return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
    },
  },
] satisfies Operator[];

/** eˣ over its sum along an axis. */
export const softmax = (x: Value, axis = -1): Value => graphOf(x).apply('Softmax', [x], { axis })[0];

/** log softmax(x) along an axis: x − log Σ eˣ, without overflow. */
export const logSoftmax = (x: Value, axis = -1): Value => graphOf(x).apply('LogSoftmax', [x], { axis })[0];

/** gamma·(x − mean)/√(variance + ε) + beta per channel (axis 1), in one pass over x. */
export function batchNormalization(
  x: Value,
  gamma: Value,
  beta: Value,
  mean: Value,
  variance: Value,
  epsilon: number,
): Value {
  return graphOf(x).apply('BatchNormalization', [x, gamma, beta, mean, variance], { epsilon: { float: epsilon } })[0];
}

/** gamma·(x − mean)/√(variance + ε) + beta over the axes from `axis` on, with each row's own mean and variance. */
export function layerNormalization(x: Value, gamma: Value, beta: Value, epsilon = 1e-5, axis = -1): Value {
  return graphOf(x).apply('LayerNormalization', [x, gamma, beta], { axis, epsilon: { float: epsilon } })[0];
}
