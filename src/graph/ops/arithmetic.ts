import { graphOf, type Operator, type Value } from '../graph.ts';
import { broadcast, mismatch, sameType } from '../shapes.ts';

/** Combines two operands element by element. */
const elementwise = (type: string, since: number): Operator => ({
  type,
  since,
  kind: 'pointwise',
  settings: [],
  infer([a, b]) {
    sameType(type, a, b);
    return [{ dtype: a.dtype, shape: broadcast(type, a, b) }];
  },
});

export default [
  elementwise('Add', 7),
  elementwise('Sub', 7),
  elementwise('Mul', 7),
  elementwise('Div', 7),
  { ...elementwise('Pow', 7), settings: [1] },
  elementwise('Max', 8),
  elementwise('Min', 8),
  /** Any number of tensors of one shape: one pass where a chain of Add would take several. */
  {
    type: 'Sum',
    since: 6,
    kind: 'pointwise',
    settings: [],
    infer(inputs) {
      sameType('Sum', ...inputs);
      for (const input of inputs) {
        if (`${input.shape}` !== `${inputs[0].shape}`) throw mismatch('Sum', 'differ in shape', inputs[0], input);
      }
      return [{ dtype: inputs[0].dtype, shape: inputs[0].shape }];
    },
  },
] satisfies Operator[];

/** A function of two operands. */
export type Binary = (a: Value, b: Value) => Value;
const binary =
  (type: string): Binary =>
  (a, b) =>
    graphOf(a).apply(type, [a, b])[0];

/** a + b, element by element, with NumPy's broadcasting. */
export const add: Binary = /* @__PURE__ */ binary('Add');
/** a − b, element by element. */
export const sub: Binary = /* @__PURE__ */ binary('Sub');
/** a·b, element by element. */
export const mul: Binary = /* @__PURE__ */ binary('Mul');
/** a/b, element by element. */
export const div: Binary = /* @__PURE__ */ binary('Div');
/** aᵇ, element by element; the gradient takes b as a constant. */
export const pow: Binary = /* @__PURE__ */ binary('Pow');
/** The larger of two, element by element. */
export const max: Binary = /* @__PURE__ */ binary('Max');
/** The smaller of two, element by element. */
export const min: Binary = /* @__PURE__ */ binary('Min');
/** The sum of tensors of one shape, in one pass. */
export const sum = (values: readonly Value[]): Value => graphOf(values?.[0]).apply('Sum', values)[0];
/** A plain number as a constant of x's type. */
export const like = (x: Value, k: number): Value => graphOf(x).scalar(k, x.dtype);
/** x·k for a plain number k. */
export const scale = (x: Value, k: number): Value => mul(x, like(x, k));
/** x + k for a plain number k. */
export const shift = (x: Value, k: number): Value => add(x, like(x, k));
