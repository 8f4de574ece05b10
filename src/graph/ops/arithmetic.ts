import { div, mul, neg, pow, shift, unbroadcast } from '../functions.ts';
import type { Operator, Value } from '../graph.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';

function elementwise(type: string, rule: (a: Value, b: Value, g: Value, out: Value) => (() => Value)[]): Operator {
  return {
    type,
    infer([a, b]) {
      sameType(type, a, b);
      return [{ dtype: a.dtype, shape: broadcast(type, a, b) }];
    },
    gradient({ node, gradients: [g], wanted }) {
      const [a, b] = node.inputs;
      const parts = rule(a, b, g!, node.outputs[0]);
      return node.inputs.map((operand, k) => (wanted[k] ? unbroadcast(parts[k](), operand) : undefined));
    },
  };
}

const Add = elementwise('Add', (_a, _b, g) => [() => g, () => g]);
const Sub = elementwise('Sub', (_a, _b, g) => [() => g, () => neg(g)]);
const Mul = elementwise('Mul', (a, b, g) => [() => mul(g, b), () => mul(g, a)]);
const Div = elementwise('Div', (_a, b, g, out) => [() => div(g, b), () => neg(div(mul(g, out), b))]);
/** The exponent is a constant as far as gradients go: ∂aᵇ/∂a = b·aᵇ⁻¹. */
const Pow: Operator = {
  ...elementwise('Pow', () => []),
  gradient({ node, gradients: [g], wanted }) {
    const [a, b] = node.inputs;
    const slope = () => mul(b, pow(a, shift(b, -1)));
    return [wanted[0] ? unbroadcast(mul(g!, slope()), a) : undefined, undefined];
  },
};

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
  gradient: ({ node, gradients: [g] }) => node.inputs.map(() => g),
};

const Neg: Operator = {
  type: 'Neg',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ({ gradients: [g] }) => [neg(g!)],
};

export const operators = [Add, Sub, Mul, Div, Pow, Sum, Neg];
