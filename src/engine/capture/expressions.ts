import { elements, type Node, type Value } from '../../graph/graph.ts';

type Expression = (...operands: string[]) => string;

const call =
  (name: string): Expression =>
  (...operands) =>
    `${name}(${operands.join(', ')})`;
const infix =
  (symbol: string): Expression =>
  (a, b) =>
    `(${a} ${symbol} ${b})`;

/** Operators that work on one element at a time, in WGSL. */
const EXPRESSIONS: Readonly<Record<string, Expression>> = {
  Add: infix('+'),
  Sub: infix('-'),
  Mul: infix('*'),
  Div: infix('/'),
  Greater: infix('>'),
  Max: call('max'),
  Min: call('min'),
  Pow: call('pow'),
  Abs: call('abs'),
  Exp: call('exp'),
  Log: call('log'),
  Sign: call('sign'),
  Sqrt: call('sqrt'),
  Neg: (x) => `(-${x})`,
  Reciprocal: (x) => `(1.0 / ${x})`,
  Where: (condition, a, b) => `select(${b}, ${a}, ${condition})`,
  Reshape: (x) => x,
  Identity: (x) => x,
};

/** Sums of a whole tensor: what is summed of an element x. */
export const SUMS: Readonly<Record<string, Expression>> = {
  ReduceSum: (x) => x,
  ReduceMean: (x) => x,
  ReduceSumSquare: (x) => `${x} * ${x}`,
};

/** The operands of a node that are tensors of numbers, not a shape or axes. */
export const operandsOf = ({ inputs }: Node): Value[] => inputs.filter(({ dtype }) => dtype !== 'int64');

export const isScalar = ({ shape }: Value): boolean => elements(shape) === 1;

/** The one number that a constant repeats; undefined if it is none or holds others too. */
export function repeated({ data, dtype }: Value): number | undefined {
  if (!(data instanceof Float32Array) || dtype !== 'float32') return undefined;
  return data.every((number) => number === data[0]) ? data[0] : undefined;
}

/** Whether a kernel can compute a node one element at a time, or sum all of one tensor. */
export function expressible(node: Node): boolean {
  const { operator, outputs } = node;
  const [y] = outputs;
  const operands = operandsOf(node);
  const known = operands.every(({ dtype, ...value }) => {
    const constant = (value as Value).data !== undefined;
    return (
      (dtype === 'float32' || dtype === 'bool') && (!constant || repeated({ dtype, ...value } as Value) !== undefined)
    );
  });
  if (!known || (y.dtype !== 'float32' && y.dtype !== 'bool')) return false;
  if (operator.type in SUMS) return isScalar(y);
  return operator.type in EXPRESSIONS && operands.every((x) => isScalar(x) || elements(x.shape) === elements(y.shape));
}

/** A number in WGSL, to the bit. */
const literal = (number: number): string => `bitcast<f32>(${new Uint32Array(Float32Array.of(number).buffer)[0]}u)`;

/**
 * Statements that compute values at element `i`, and how to name each value there.
 * @param leaf how to read a value that comes from elsewhere; undefined for one that a node of `made` makes
 */
export function statements(
  values: readonly Value[],
  made: ReadonlyMap<Value, Node>,
  leaf: (value: Value) => string | undefined,
): { readonly lines: readonly string[]; readonly named: (value: Value) => string } {
  const lines: string[] = [];
  const names = new Map<Value, string>();
  const name = (value: Value): string => {
    const known = names.get(value);
    if (known) return known;
    const number = value.data && repeated(value);
    const read = number === undefined ? leaf(value) : literal(number);
    const node = made.get(value)!;
    const text = read ?? EXPRESSIONS[node.operator.type](...operandsOf(node).map(name));
    const given = `v${names.size}`;
    names.set(value, given);
    lines.push(`let ${given} = ${text};`);
    return given;
  };
  for (const value of values) name(value);
  return { lines, named: (value) => names.get(value)! };
}
