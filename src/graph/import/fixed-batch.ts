import { concat, expand, reshape, slice } from '../functions.ts';
import { elements, type Shape, type TensorData, type Value } from '../graph.ts';
import type { FileNode } from './nodes.ts';

/** A value at the batch that the file was made for. */
export interface Recorded {
  readonly shape: Shape;
  /** Present on constants. */
  readonly data?: TensorData;
}

/** A file that was exported for one batch: its shapes there, by name, to rewrite its constants for another. */
export interface FixedBatch {
  /** The batch it was made for. */
  readonly made: number;
  readonly batch: number;
  readonly recorded: ReadonlyMap<string, Recorded>;
}

const ELEMENTWISE: readonly string[] = ['Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Where'];

/**
 * A node's operands for another batch than the file's. Exporters write a fixed batch into the constants that Reshape, Expand,
 * Concat and Resize read. The axis that carries the batch is the one whose extent differs from that at the file's own batch.
 */
export function rebatched(
  { type, inputs: names, outputs, attributes }: FileNode,
  inputs: readonly (Value | undefined)[],
  fixed: FixedBatch,
): readonly (Value | undefined)[] {
  const { made, batch, recorded } = fixed;
  const batchAxis = (k: number): number => {
    const before = recorded.get(names[k])?.shape;
    const now = inputs[k]?.shape;
    if (!before || !now || before.length !== now.length) return -1;
    return now.findIndex((extent, i) => extent !== before[i]);
  };
  /** Whether a constant is the same at both batches; one that was computed from a shape is right already. */
  const same = (k: number) => `${recorded.get(names[k])?.data}` === `${inputs[k]?.data}`;
  const [x, target] = inputs;
  const after = recorded.get(outputs[0])?.shape;

  if ((type === 'Reshape' || type === 'Expand') && x && target && after && same(1)) {
    const axis = batchAxis(0);
    if (axis < 0) return inputs;
    const before = recorded.get(names[0])!.shape;
    const place = type === 'Expand' ? axis + after.length - before.length : placeAfter(before, axis, after, made);
    if (place === undefined) return inputs;
    const shape = after.map((extent, i) => (i === place ? (extent / made) * batch : extent));
    return [x, x.graph.integers(shape)];
  }
  if (type === 'Resize' && x && inputs[3]?.data && batchAxis(0) === 0 && same(3)) {
    const [, ...sizes] = Array.from(inputs[3].data as Iterable<number | bigint>, Number);
    return inputs.with(3, x.graph.integers([x.shape[0], ...sizes]));
  }
  if (type === 'Concat' || (made > 1 && ELEMENTWISE.includes(type))) {
    const rank = Math.max(...inputs.map((v) => v?.shape.length ?? 0));
    const fromEnd = inputs.map((v, k) => (batchAxis(k) < 0 ? -1 : v!.shape.length - batchAxis(k))).find((n) => n > 0);
    if (fromEnd === undefined) return inputs;
    const along = type === 'Concat' ? (attributes().axis as number) : undefined;
    if (along !== undefined && (along < 0 ? -along : rank - along) === fromEnd) return inputs;
    return inputs.map((v) => {
      const axis = (v?.shape.length ?? 0) - fromEnd;
      return v && axis >= 0 && v.shape[axis] === made ? repeated(v, axis, batch) : v;
    });
  }
  return inputs;
}

/**
 * A Gather of all elements in their order, as PyTorch writes as_strided of a flat tensor, is a Reshape; undefined for any other.
 */
export function regathered(
  { inputs: names, outputs, attributes }: FileNode,
  [x, places]: readonly (Value | undefined)[],
  { made, batch, recorded }: FixedBatch,
): Value | undefined {
  const before = recorded.get(names[0])?.shape;
  const after = recorded.get(outputs[0])?.shape;
  if (!x || !places?.data || before?.length !== 1 || !after || before[0] === x.shape[0]) return undefined;
  const { axis = 0 } = attributes() as { axis?: number };
  const inOrder = places.data.length === before[0] && places.data.every((place, i) => Number(place) === i);
  if (axis !== 0 || !inOrder || after[0] % made !== 0) return undefined;
  return reshape(x, [(after[0] / made) * batch, ...after.slice(1)]);
}

/**
 * Where the axis of the batch is after a Reshape from `before` to `after`, both at the batch `made`: elements keep their order, so
 * as many must be counted by the axes before it.
 */
function placeAfter(before: Shape, axis: number, after: Shape, made: number): number | undefined {
  const outer = elements(before.slice(0, axis));
  const start = after.findIndex((_, j) => elements(after.slice(0, j)) === outer);
  const fits = (j: number) => j >= 0 && j < after.length && after[j] % made === 0;
  // [tokens, 1, width] to [tokens, width]: the batch joins the axis before it.
  const joined = axis > 0 && start > 0 && before[axis] === made && after[start] === before[axis + 1];
  if (joined && after[start] !== made && fits(start - 1)) return start - 1;
  if (fits(start)) return start;
  const inside = after.findIndex((_, j) => elements(after.slice(0, j + 1)) % (outer * made) === 0);
  return fits(inside) ? inside : undefined;
}

/** A value that is the same for every image, `batch` times along an axis. */
function repeated(x: Value, axis: number, batch: number): Value {
  const one = slice(x, [axis], [0], [1]);
  return one.dtype === 'bool'
    ? concat(
        Array.from({ length: batch }, () => one),
        axis,
      )
    : expand(
        one,
        one.shape.map((extent, i) => (i === axis ? batch : extent)),
      );
}
