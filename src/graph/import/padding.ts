import { concat, expand, flip, pad, slice } from '../functions.ts';
import type { Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';

/** A tensor with amounts put around it, or taken off where they are negative, along every axis. */
export function withPads(
  x: Value,
  before: readonly number[],
  after: readonly number[],
  mode: string,
  value: number,
): Value {
  const axes = x.shape.map((_, i) => i);
  const cut = slice(
    x,
    axes,
    before.map((n) => Math.max(0, -n)),
    after.map((n, i) => x.shape[i] - Math.max(0, -n)),
  );
  const [lead, trail] = [before, after].map((amounts) => amounts.map((n) => Math.max(0, n)));
  if (mode === 'constant') return pad(cut, lead, trail, value);
  if (mode !== 'edge' && mode !== 'reflect') throw mismatch('Pad', `cannot be padded in mode "${mode}"`, x);
  return axes.reduce((y, axis) => bordered(y, axis, lead[axis], trail[axis], mode), cut);
}

/** One axis continued by its end's elements: the last one again and again, or mirrored there. */
function bordered(x: Value, axis: number, lead: number, trail: number, mode: 'edge' | 'reflect'): Value {
  const extent = x.shape[axis];
  if (mode === 'reflect' && Math.max(lead, trail) >= extent) {
    throw mismatch('Pad', `is too small along axis ${axis} to be mirrored by ${lead} and ${trail}`, x);
  }
  const part = (from: number, to: number) => slice(x, [axis], [from], [to]);
  const repeated = (piece: Value, count: number) =>
    expand(
      piece,
      piece.shape.map((e, i) => (i === axis ? count : e)),
    );
  const border = (count: number, edge: Value, mirrored: () => Value) => {
    if (count === 0) return [];
    return [mode === 'edge' ? repeated(edge, count) : flip(mirrored(), [axis])];
  };
  return concat(
    [
      ...border(lead, part(0, 1), () => part(1, lead + 1)),
      x,
      ...border(trail, part(extent - 1, extent), () => part(extent - 1 - trail, extent - 1)),
    ],
    axis,
  );
}
