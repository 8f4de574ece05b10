import { type DType, elements, type Graph, type Shape, type TensorData, type Value } from '../graph.ts';
import { axisOf, broadcast, constantIntegers } from '../shapes.ts';
import type { FileAttribute } from './nodes.ts';
import { listOf } from './operation.ts';

/** The arguments of a folding rule: constants, and a graph for its operators' shape rules. */
interface Operands {
  readonly graph: Graph;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, FileAttribute>>;
  /** How many outputs the node has. */
  readonly outputs?: number;
}

/** A constant about to be computed. */
interface Numbers {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Called only after the size has been checked. */
  readonly values: () => readonly (number | bigint)[] | TensorData;
}

/** The output of a node whose operands are constants, or its outputs. */
export type FoldingRule = (operands: Operands) => Numbers | readonly Numbers[];

export const numbers = ({ data }: Value): number[] => Array.from(data as Iterable<number | bigint>, Number);

/** One number for each place of a shape; `of` takes the place, as one index per axis. */
export function places(shape: Shape, of: (index: readonly number[]) => number): number[] {
  const index = shape.map(() => 0);
  return Array.from({ length: elements(shape) }, () => {
    const value = of(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
    return value;
  });
}

/** The offset of the element of `shape` that is broadcast to a place of a larger shape. */
export function offset(shape: Shape, index: readonly number[]): number {
  const lead = index.length - shape.length;
  return shape.reduce((at, extent, axis) => at * extent + (extent === 1 ? 0 : index[lead + axis]), 0);
}

/** Elements of x at other places: `from` maps a place of the result to one of x. */
export function moved(x: Value, shape: Shape, from: (index: readonly number[]) => readonly number[]): Numbers {
  const values = () => {
    const own = numbers(x);
    return places(shape, (index) => own[offset(x.shape, from(index))]);
  };
  return { dtype: x.dtype, shape, values };
}

/** The same elements in another shape, by the operator's own shape rule. */
export const renamed =
  (type: string): FoldingRule =>
  ({ graph, inputs, attributes }) => {
    const [x, ...rest] = inputs;
    const axes = listOf(attributes.axes);
    const given = axes ? [x, graph.integers(axes)] : [x, ...rest];
    const { allowzero: _, axes: __, ...own } = attributes;
    const [{ shape }] = graph.operators.get(type)!.infer(given, own as Record<string, number>);
    return { dtype: x.dtype, shape, values: () => numbers(x) };
  };

export const each =
  (of: (x: number, dtype: DType) => number, dtype?: DType): FoldingRule =>
  ({ inputs: [x] }) => ({
    dtype: dtype ?? x.dtype,
    shape: x.shape,
    values: () => numbers(x).map((v) => of(v, x.dtype)),
  });

export const pairwise =
  (of: (a: number, b: number, dtype: DType) => number, dtype?: DType): FoldingRule =>
  ({ inputs: [a, b] }) => {
    const shape = broadcast('A constant', a, b);
    const values = () => {
      const [p, q] = [numbers(a), numbers(b)];
      return places(shape, (index) => of(p[offset(a.shape, index)], q[offset(b.shape, index)], a.dtype));
    };
    return { dtype: dtype ?? a.dtype, shape, values };
  };

export const reduced =
  (of: (values: readonly number[]) => number): FoldingRule =>
  ({ inputs: [x, given], attributes }) => {
    const asked = (given ? constantIntegers('A reduction', given) : listOf(attributes.axes)) ?? [];
    const axes = asked.length
      ? asked.map((axis) => axisOf('A reduction', axis, x.shape.length))
      : x.shape.map((_, i) => i);
    const kept = x.shape.map((extent, i) => (axes.includes(i) ? 1 : extent));
    const values = () => {
      const groups = Array.from({ length: elements(kept) }, (): number[] => []);
      const own = numbers(x);
      places(x.shape, (index) => groups[offset(kept, index)].push(own[offset(x.shape, index)]));
      return groups.map(of);
    };
    const shape = (attributes.keepdims ?? 1) === 1 ? kept : x.shape.filter((_, i) => !axes.includes(i));
    return { dtype: x.dtype, shape, values };
  };
