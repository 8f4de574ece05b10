import { BagsslError } from '../../base/errors.ts';
import { sliceRanges } from '../attributes.ts';
import { dtypeOfCode, elements } from '../graph.ts';
import { axisOf, broadcast, constantIntegers, mismatch } from '../shapes.ts';
import { each, type FoldingRule, moved, numbers, offset, pairwise, places, reduced, renamed } from './constants.ts';
import { listOf } from './operation.ts';
import { FLOAT64, ofList, type Tensor } from './read-tensor.ts';

/** The most elements to compute while a file is read: enough for any chain of shapes, masks and position tables. */
export const MOST_FOLDED = 2 ** 22;

/**
 * The output of a node whose operands are constants: exporters write shapes, axes and masks as long chains of
 * small nodes. Undefined for operators without a rule here. `spend` gets the number of elements about to be computed, and may throw.
 */
export function fold(
  type: string,
  operands: Parameters<FoldingRule>[0],
  spend: (elements: number) => void,
): Tensor | undefined {
  const rule = Object.hasOwn(RULES, type) ? RULES[type] : undefined;
  if (!rule || operands.inputs.some(({ dtype }) => dtype === 'float16')) return undefined;
  const { dtype, shape, values } = rule(operands);
  spend(elements(shape));
  return { dtype, shape, data: ofList(dtype, values()) };
}

const float = (value: number): Tensor => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });

const RULES: Readonly<Record<string, FoldingRule>> = {
  Constant({ attributes: { value, value_float, value_floats, value_int, value_ints } }) {
    const tensor = value
      ? (value as { tensor: Tensor }).tensor
      : value_float && float((value_float as { readonly float: number }).float);
    if (tensor) return { ...tensor, values: () => Array.from(tensor.data as Iterable<number | bigint>) };
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
    return { dtype: tensor.dtype, shape, values: () => places(shape, () => Number(tensor.data[0])) };
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
    const dtype = to === FLOAT64 ? 'float32' : dtypeOfCode(to as number);
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
  Slice({ graph, inputs: [x, ...rest], attributes: { starts, ends, axes } }) {
    const given = starts ? [starts, ends, axes].flatMap((a) => (a ? [graph.integers(listOf(a)!)] : [])) : rest;
    const ranges = sliceRanges(x, given);
    const shape = ranges.map(({ count }) => count);
    return moved(x, shape, (index) => ranges.map(({ start, step }, axis) => start + step * index[axis]));
  },
  Gather({ graph, inputs: [x, indices], attributes: { axis = 0 } }) {
    const [{ shape }] = graph.operators.get('Gather')!.infer([x, indices], { axis: axis as number });
    const along = axisOf('Gather', axis as number, x.shape.length);
    const picked = numbers(indices).map((i) => (i < 0 ? i + x.shape[along] : i));
    return moved(x, shape, (index) => {
      const inner = index.slice(along, along + indices.shape.length);
      const place = picked[inner.reduce((at, i, k) => at * indices.shape[k] + i, 0)];
      return [...index.slice(0, along), place, ...index.slice(along + indices.shape.length)];
    });
  },
  Concat({ graph, inputs, attributes: { axis } }) {
    const [{ shape }] = graph.operators.get('Concat')!.infer(inputs, { axis: axis as number });
    const along = axisOf('Concat', axis as number, shape.length);
    const values = () => {
      const parts = inputs.map(numbers);
      return places(shape, (index) => {
        let [part, at] = [0, index[along]];
        while (at >= inputs[part].shape[along]) at -= inputs[part++].shape[along];
        return parts[part][offset(inputs[part].shape, index.with(along, at))];
      });
    };
    return { dtype: inputs[0].dtype, shape, values };
  },
  ScatterND({ inputs: [x, indices, updates] }) {
    const depth = indices.shape.at(-1)!;
    const inner = elements(x.shape.slice(depth));
    const values = () => {
      const [own, at, put] = [x, indices, updates].map(numbers);
      for (let row = 0; row * depth < at.length; row++) {
        const index = at.slice(row * depth, (row + 1) * depth).map((i, axis) => (i < 0 ? i + x.shape[axis] : i));
        const place = index.reduce((total, i, axis) => total * x.shape[axis] + i, 0);
        if (!(place >= 0 && (place + 1) * inner <= own.length)) throw mismatch('ScatterND', `has no [${index}]`, x);
        for (let k = 0; k < inner; k++) own[place * inner + k] = put[row * inner + k];
      }
      return own;
    };
    return { dtype: x.dtype, shape: x.shape, values };
  },
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
  Mod: pairwise((a, b) => a - b * Math.floor(a / b)),
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
  ReduceSum: reduced((values) => values.reduce((a, b) => a + b, 0)),
  ReduceProd: reduced((values) => values.reduce((a, b) => a * b, 1)),
  ReduceMax: reduced((values) => values.reduce((a, b) => Math.max(a, b))),
  ReduceMin: reduced((values) => values.reduce((a, b) => Math.min(a, b))),
};
