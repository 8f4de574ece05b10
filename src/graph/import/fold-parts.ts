import { sliceRanges } from '../attributes.ts';
import { elements, type Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';
import { type FoldingRule, moved, numbers, offset, places } from './constants.ts';
import type { FileAttribute } from './nodes.ts';
import { listOf } from './operation.ts';

/** How constants are computed by operators that take tensors apart and join them. */
export const PARTS: Readonly<Record<string, FoldingRule>> = {
  Split({ graph, inputs: [x, given], attributes: { axis = 0, split, num_outputs }, outputs }) {
    const along = axisOf('Split', axis as number, x.shape.length);
    const parts = splitOf(x.shape[along], given, split, (num_outputs as number | undefined) ?? outputs);
    if (!parts) throw mismatch('Split', 'does not say how many parts', x);
    const made = graph.operators.get('Split')!.infer([x, graph.integers(parts)], { axis: along });
    return made.map(({ shape }, k) => {
      const start = parts.slice(0, k).reduce((a, b) => a + b, 0);
      return moved(x, shape, (index) => index.with(along, index[along] + start));
    });
  },
  Tile({ inputs: [x, repeats] }) {
    const times = constantIntegers('Tile', repeats);
    if (times.length !== x.shape.length) throw mismatch('Tile', `cannot repeat by [${times}]`, x);
    const shape = x.shape.map((extent, i) => extent * times[i]);
    return moved(x, shape, (index) => index.map((at, i) => at % x.shape[i]));
  },
  Trilu({ inputs: [x, shift], attributes: { upper = 1 } }) {
    const k = shift ? numbers(shift)[0] : 0;
    const [row, column] = [x.shape.length - 2, x.shape.length - 1];
    if (row < 0) throw mismatch('Trilu', 'needs two axes', x);
    const own = numbers(x);
    const kept = (index: readonly number[]) =>
      upper === 1 ? index[column] - index[row] >= k : index[column] - index[row] <= k;
    const values = () => places(x.shape, (index) => (kept(index) ? own[offset(x.shape, index)] : 0));
    return { dtype: x.dtype, shape: x.shape, values };
  },
  CumSum({ inputs: [x, axis], attributes: { exclusive = 0, reverse = 0 } }) {
    const along = axisOf('CumSum', numbers(axis)[0], x.shape.length);
    const own = numbers(x);
    const values = () =>
      places(x.shape, (index) => {
        let total = 0;
        const [from, to] = reverse ? [index[along], x.shape[along] - 1] : [0, index[along]];
        for (let at = from; at <= to; at++) {
          if (!exclusive || at !== index[along]) total += own[offset(x.shape, index.with(along, at))];
        }
        return total;
      });
    return { dtype: x.dtype, shape: x.shape, values };
  },
  NonZero({ inputs: [x] }) {
    const own = numbers(x);
    const found: number[][] = [];
    places(x.shape, (index) => (own[offset(x.shape, index)] ? found.push([...index]) : 0));
    const values = () => x.shape.flatMap((_, axis) => found.map((index) => index[axis]));
    return { dtype: 'int64', shape: [x.shape.length, found.length], values };
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
};

/** The extents of Split's parts; undefined if the node does not say. */
function splitOf(
  extent: number,
  given: Value | undefined,
  split: FileAttribute | undefined,
  count: number | undefined,
): readonly number[] | undefined {
  if (given) return constantIntegers('Split', given);
  if (split) return listOf(split)!;
  if (!count) return undefined;
  const part = Math.ceil(extent / count);
  return Array.from({ length: count }, (_, k) => Math.min(part, extent - k * part));
}
