import type { Operator } from '../graph.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';

/** Of two operands, element by element. */
const elementwise = (type: string): Operator => ({
  type,
  infer([a, b]) {
    sameType(type, a, b);
    return [{ dtype: a.dtype, shape: broadcast(type, a, b) }];
  },
});

/** A variadic sum of tensors of one shape: one pass where a chain of Add would take many. */
const Sum: Operator = {
  type: 'Sum',
  infer(inputs) {
    sameType('Sum', ...inputs);
    for (const input of inputs) {
      if (`${input.shape}` !== `${inputs[0].shape}`) throw mismatch('Sum', 'differ in shape', inputs[0], input);
    }
    return [{ dtype: inputs[0].dtype, shape: inputs[0].shape }];
  },
};

export const operators = [...['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min'].map(elementwise), Sum];
