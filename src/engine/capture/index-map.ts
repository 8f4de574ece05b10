import type { Shape } from '../../graph/graph.ts';

/** Where the elements of one tensor are in another: the extents of its axes and, along each, a stride in the other. */
export interface IndexMap {
  readonly extents: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Distance between neighbours along each axis, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

/** The map of a tensor of `shape` to one of `from`, which NumPy's broadcasting repeats. */
export function broadcastMap(shape: Shape, from: Shape): IndexMap {
  const own = stridesOf(from);
  const extra = shape.length - from.length;
  const strides = shape.map((_, axis) => (axis < extra || from[axis - extra] === 1 ? 0 : own[axis - extra]));
  return { extents: shape, strides, offset: 0 };
}

/** The same map with as few axes as possible. */
export function collapsed({ extents, strides, offset }: IndexMap): IndexMap {
  const kept: { extent: number; stride: number }[] = [];
  for (const [axis, extent] of extents.entries()) {
    if (extent === 1) continue;
    const last = kept.at(-1);
    if (last && last.stride === strides[axis] * extent) {
      last.extent *= extent;
      last.stride = strides[axis];
    } else kept.push({ extent, stride: strides[axis] });
  }
  return { extents: kept.map(({ extent }) => extent), strides: kept.map(({ stride }) => stride), offset };
}

/** Whether every element is at the same place in both. */
export function isSame(map: IndexMap): boolean {
  const { strides, offset } = collapsed(map);
  return offset === 0 && (strides.length === 0 || (strides.length === 1 && strides[0] === 1));
}

/** The coordinate along an axis of the element at `index`, in WGSL. */
export function coordinate(shape: Shape, axis: number, index: string): string {
  const inner = stridesOf(shape)[axis];
  const outer = shape.slice(0, axis).every((extent) => extent === 1);
  const along = inner === 1 ? index : `(${index} / ${inner}u)`;
  return outer ? along : `(${along} % ${shape[axis]}u)`;
}

/** The place in the other tensor of the element at `index`, in WGSL. Its numbers wrap around, so strides may be negative. */
export function placeAt(map: IndexMap, index: string): string {
  const { extents, strides, offset } = collapsed(map);
  const terms = strides.flatMap((stride, axis) => {
    if (stride === 0) return [];
    const at = coordinate(extents, axis, index);
    return [`${stride < 0 ? '-' : '+'} ${Math.abs(stride) === 1 ? at : `${at} * ${Math.abs(stride)}u`}`];
  });
  if (offset !== 0 || terms.length === 0) terms.unshift(`${offset < 0 ? '0u - ' : ''}${Math.abs(offset)}u`);
  else if (terms[0].startsWith('-')) terms.unshift('0u');
  else terms[0] = terms[0].slice(2);
  return terms.length === 1 ? terms[0] : `(${terms.join(' ')})`;
}
