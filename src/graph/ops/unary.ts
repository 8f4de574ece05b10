import type { Operator } from '../graph.ts';

/** A function of one element. */
const unary = (type: string): Operator => ({ type, infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }] });

export const operators = [
  'Neg',
  'Exp',
  'Log',
  'Sqrt',
  'Reciprocal',
  'Relu',
  'Abs',
  'Tanh',
  'Sigmoid',
  'Sign',
  'Erf',
  'LeakyRelu',
  'Elu',
  'Softplus',
  'HardSigmoid',
  'HardSwish',
].map(unary);
