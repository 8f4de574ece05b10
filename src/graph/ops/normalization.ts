import { elements } from '../elements.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { axisOf, mismatch } from '../shapes.ts';

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
};

const Softmax: Operator = {
  type: 'Softmax',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
};

/** Rows and their length: the axes from `axis` on are normalised together. */
export function rowsOf({ shape }: Value, { axis = -1 }: Attributes) {
  const first = axisOf('LayerNormalization', axis as number, shape.length);
  return { first, rows: elements(shape.slice(0, first)), width: elements(shape.slice(first)) };
}

/**
 * y = scale·x̂ + bias with x̂ = (x − mean)/√(variance + ε), every row by its own mean and variance; the mean and the inverse
 * deviation are its second and third outputs, in float32 whatever x is.
 */
const LayerNormalization: Operator = {
  type: 'LayerNormalization',
  infer([x, gamma, beta], attributes) {
    const { first } = rowsOf(x, attributes);
    for (const v of beta ? [gamma, beta] : [gamma]) {
      if (`${v.shape}` !== `${x.shape.slice(first)}`) throw mismatch('LayerNormalization', 'do not fit', x, v);
    }
    const statistic = { dtype: 'float32' as const, shape: x.shape.map((extent, i) => (i < first ? extent : 1)) };
    return [{ dtype: x.dtype, shape: x.shape }, statistic, statistic];
  },
};

export const operators = [BatchNormalization, Softmax, LayerNormalization];
