import { BagsslError } from '../../base/errors.ts';
import { dtypeOfCode, elements, type TensorData } from '../graph.ts';
import { broadcast, constantIntegers, mismatch } from '../shapes.ts';
import { each, type FoldingRule, moved, numbers, offset, pairwise, places, reduced, renamed } from './constants.ts';
import { PARTS } from './fold-parts.ts';
import { checkAttributes } from './known-attributes.ts';
import { listOf } from './operation.ts';
import { dequantized } from './quantized.ts';
import { ofList, type Tensor } from './read-tensor.ts';

/** The most elements to compute while a file is read: enough for any chain of shapes, masks and position tables. */
export const MOST_FOLDED = 2 ** 22;

/**
 * The outputs of a node whose operands are constants: exporters write shapes, axes and masks as long chains of
 * small nodes. Undefined for operators without a rule here. `spend` gets the number of elements about to be computed, and may throw.
 */
export function fold(
  type: string,
  operands: Parameters<FoldingRule>[0],
  spend: (elements: number) => void,
): readonly Tensor[] | undefined {
  const rule = folds(type) ? RULES[type] : undefined;
  if (!rule || operands.inputs.some((input) => input?.dtype === 'float16')) return undefined;
  checkAttributes(type, operands.attributes);
  return [rule(operands)].flat().map(({ dtype, shape, values }) => {
    spend(elements(shape));
    const made = values();
    return { dtype, shape, data: Array.isArray(made) ? ofList(dtype, made) : (made as TensorData) };
  });
}

/** Whether an operator is computed where its operands are constants. */
export const folds = (type: string): boolean => Object.hasOwn(RULES, type);

const float = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

const RULES: Readonly<Record<string, FoldingRule>> = {
  ...PARTS,
  Constant({ attributes: { value, value_float, value_floats, value_int, value_ints } }) {
    const tensor = value
      ? (value as { tensor: Tensor }).tensor
      : value_float && float((value_float as { readonly float: number }).float);
    if (tensor) return { ...tensor, values: () => tensor.data };
    const floats = value_floats && (value_floats as { floats: readonly number[] }).floats;
    const values = floats ?? listOf(value_ints) ?? (value_int === undefined ? undefined : [value_int as number]);
    if (!values) throw new BagsslError('unsupported-operator', 'Constant holds neither a tensor nor numbers.');
    const shape = value_int === undefined ? [values.length] : [];
    return { dtype: floats ? 'float32' : 'int64', shape, values: () => values };
  },
  ConstantOfShape({ inputs: [extents], attributes }) {
    const { tensor } = (attributes.value as { tensor: Tensor } | undefined) ?? { tensor: float(0) };
    const shape = constantIntegers('ConstantOfShape', extents);
    if (shape.some((extent) => extent < 0)) throw mismatch('ConstantOfShape', `names the shape [${shape}]`, extents);
    const filled = () => {
      const Data = tensor.data.constructor as new (length: number) => Float32Array;
      return new Data(elements(shape)).fill(tensor.data[0] as number);
    };
    return { dtype: tensor.dtype, shape, values: filled };
  },
  Range({ inputs: [start, limit, delta] }) {
    const [from, to, by] = [start, limit, delta].map((v) => numbers(v)[0]);
    const length = Math.max(0, Math.ceil((to - from) / by));
    if (!Number.isFinite(length)) throw mismatch('Range', 'has no end', start, limit, delta);
    return { dtype: start.dtype, shape: [length], values: () => Array.from({ length }, (_, k) => from + k * by) };
  },
  Identity: renamed('Identity'),
  Reshape: renamed('Reshape'),
  Flatten: renamed('Flatten'),
  Squeeze: renamed('Squeeze'),
  Unsqueeze: renamed('Unsqueeze'),
  Cast({ inputs: [x], attributes: { to } }) {
    const dtype = dtypeOfCode(to as number);
    if (!dtype) throw mismatch('Cast', `cannot be cast to ONNX type ${to}`, x);
    const cast =
      dtype === 'bool' ? (v: number) => Number(v !== 0) : dtype === 'float32' ? (v: number) => v : Math.trunc;
    return { dtype, shape: x.shape, values: () => numbers(x).map(cast) };
  },
  Transpose({ inputs: [x], attributes: { perm } }) {
    const order = listOf(perm) ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    const shape = order.map((axis) => x.shape[axis]);
    return moved(x, shape, (index) => x.shape.map((_, axis) => index[order.indexOf(axis)]));
  },
  Expand({ inputs: [x, target] }) {
    const wanted = constantIntegers('Expand', target);
    const shape = broadcast('Expand', x, { ...target, shape: wanted });
    return moved(x, shape, (index) => index.slice(index.length - x.shape.length));
  },
  CastLike({ inputs: [x, like] }) {
    const whole = like.dtype.startsWith('float') ? (v: number) => v : Math.trunc;
    return { dtype: like.dtype, shape: x.shape, values: () => numbers(x).map(whole) };
  },
  DequantizeLinear: dequantized,
  Where({ inputs: [condition, a, b] }) {
    const shape = broadcast('Where', { ...a, shape: broadcast('Where', a, b) }, condition);
    const values = () => {
      const [c, p, q] = [condition, a, b].map(numbers);
      return places(shape, (index) =>
        c[offset(condition.shape, index)] ? p[offset(a.shape, index)] : q[offset(b.shape, index)],
      );
    };
    return { dtype: a.dtype, shape, values };
  },
  Add: pairwise((a, b) => a + b),
  Sub: pairwise((a, b) => a - b),
  Mul: pairwise((a, b) => a * b),
  Div: pairwise((a, b, dtype) => (dtype === 'float32' ? a / b : Math.trunc(a / b))),
  Mod({ inputs, attributes: { fmod = 0 }, graph }) {
    return pairwise((a, b) => (fmod ? a % b : a - b * Math.floor(a / b)))({ graph, inputs, attributes: {} });
  },
  Pow: pairwise((a, b) => a ** b),
  Min: pairwise((a, b) => Math.min(a, b)),
  Max: pairwise((a, b) => Math.max(a, b)),
  Equal: pairwise((a, b) => Number(a === b), 'bool'),
  Greater: pairwise((a, b) => Number(a > b), 'bool'),
  Less: pairwise((a, b) => Number(a < b), 'bool'),
  GreaterOrEqual: pairwise((a, b) => Number(a >= b), 'bool'),
  LessOrEqual: pairwise((a, b) => Number(a <= b), 'bool'),
  And: pairwise((a, b) => a & b, 'bool'),
  Or: pairwise((a, b) => a | b, 'bool'),
  Not: each((v) => 1 - v, 'bool'),
  Neg: each((v) => -v),
  Abs: each(Math.abs),
  Sqrt: each(Math.sqrt),
  Reciprocal: each((v) => 1 / v),
  Floor: each(Math.floor),
  Ceil: each(Math.ceil),
  Round: each((v) => (Math.abs(v % 1) === 0.5 ? 2 * Math.round(v / 2) : Math.round(v))),
  Exp: each(Math.exp),
  Log: each(Math.log),
  Sin: each(Math.sin),
  Cos: each(Math.cos),
  Sign: each(Math.sign),
  Clip({ graph, inputs: [x, low, high], attributes: { min, max } }) {
    const limit = (given: typeof x | undefined, attribute: unknown, otherwise: number) =>
      given ? numbers(given)[0] : ((attribute as { float: number } | undefined)?.float ?? otherwise);
    const [from, to] = [limit(low, min, -Infinity), limit(high, max, Infinity)];
    return each((v) => Math.min(to, Math.max(from, v)))({ graph, inputs: [x], attributes: {} });
  },
  Xor: pairwise((a, b) => a ^ b, 'bool'),
  ReduceMean: reduced((values) => values.reduce((a, b) => a + b, 0) / values.length),
  ReduceSum: reduced((values) => values.reduce((a, b) => a + b, 0)),
  ReduceProd: reduced((values) => values.reduce((a, b) => a * b, 1)),
  ReduceMax: reduced((values) => values.reduce((a, b) => Math.max(a, b))),
  ReduceMin: reduced((values) => values.reduce((a, b) => Math.min(a, b))),
};
