import { fromHalf } from '../../base/half.ts';
import { elements, type Node, type Value } from '../../graph/graph.ts';
import type { Outputs } from '../../graph/needed.ts';
import { nextOf } from '../../runtime/resident-state.ts';
import type { Place } from './blocks.ts';
import { operandsOf, repeated } from './expressions.ts';
import type { Stages } from './tasks.ts';

/** The largest tensor that shares a buffer with others, in elements. */
const SHARING = 65_536;

/** A copy from buffer to buffer after a step. */
export interface Copy {
  readonly from: Place;
  readonly to: Place;
  readonly length: number;
}

/** Where the values of a model are. */
export interface Places {
  /** Four bytes each. */
  readonly buffers: ReadonlyMap<string, number>;
  /** Of values that others do not rename. ORT has its own copy of an input, in a buffer that `ofOrt` names. */
  readonly of: ReadonlyMap<Value, Place>;
  /** Where each input of the model is put before a step. */
  readonly inputs: ReadonlyMap<string, readonly Place[]>;
  readonly outputs: ReadonlyMap<string, { readonly place: Place; readonly length: number }>;
  readonly constants: readonly { readonly place: Place; readonly data: Float32Array }[];
  readonly copies: readonly Copy[];
  /** Parts of `temps` that are left over for partial sums. */
  spare(length: number): Place;
}

/** What ORT calls its copy of an input. */
export const ofOrt = (input: Value): string => `input${input.graph.inputs.indexOf(input)}`;

/**
 * Puts values into buffers. The state's tensors are in one, so that a kernel binds one however many it reads; their next values are
 * at the same places of another. What ORT reads or writes has a buffer of its own, other small values share `temps`.
 * @param most elements of a buffer that a kernel can bind
 */
export function placesOf(
  outputs: Outputs,
  nodes: readonly Node[],
  made: ReadonlyMap<Value, Node>,
  stages: Stages,
  most: number,
): Places {
  const { baseOf, imported, exported } = stages;
  const { graph } = Object.values(outputs)[0];
  const buffers = new Map<string, number>();
  const of = new Map<Value, Place>();
  const grow = (buffer: string, length: number): Place => {
    const at = buffers.get(buffer) ?? 0;
    buffers.set(buffer, at + length);
    return { buffer, at };
  };
  const alone = ({ shape, dtype }: Value): Place =>
    dtype === 'float16'
      ? grow(`h${buffers.size}`, Math.ceil(elements(shape) / 2))
      : grow(`t${buffers.size}`, elements(shape));
  const shares = ({ shape, dtype }: Value) => dtype !== 'float16' && elements(shape) <= SHARING;
  let part = 0;
  const paired = (length: number): Place => {
    if ((buffers.get(`state${part}`) ?? 0) + length > most) part++;
    grow(`next${part}`, length);
    return grow(`state${part}`, length);
  };
  const nextTo = ({ buffer, at }: Place): Place => ({ buffer: buffer.replace('state', 'next'), at });

  const ownReads = new Set(
    nodes
      .filter(({ operator, outputs: [y] }) => made.has(y) && operator.kind !== 'renaming')
      .flatMap((node) => operandsOf(node).map(baseOf)),
  );
  const inputs = new Map<string, Place[]>();
  const moved = new Map<string, Place>();
  for (const input of graph.inputs) {
    const length = elements(input.shape);
    const places: Place[] = [];
    if (imported.has(input)) places.push(grow(ofOrt(input), length));
    if (nextOf(input.name) in outputs) {
      moved.set(input.name, paired(length));
      places.push(moved.get(input.name)!);
    } else if (ownReads.has(input) && places.length === 0) {
      places.push(shares(input) ? grow('temps', length) : alone(input));
    }
    if (places.length === 0) continue;
    inputs.set(input.name, places);
    of.set(input, places.at(-1)!);
  }
  const constants = [...ownReads].flatMap((value) => {
    if (!value.data || repeated(value) !== undefined) return [];
    const place = grow('temps', elements(value.shape));
    of.set(value, place);
    return [{ place, data: value.data instanceof Uint16Array ? fromHalf(value.data) : (value.data as Float32Array) }];
  });
  for (const value of exported) of.set(value, alone(value));

  const copies: Copy[] = [];
  const named = new Map(Object.entries(outputs).map(([name, value]) => [baseOf(value), name] as const));
  for (const { value } of stages.tasks) {
    const before = named.get(value)?.replace(/\.next$/, '');
    const next = before === undefined ? undefined : moved.get(before);
    if (imported.has(value)) of.set(value, alone(value));
    else if (next) of.set(value, nextTo(next));
    else of.set(value, shares(value) ? grow('temps', elements(value.shape)) : alone(value));
  }
  const found = new Map<string, { place: Place; length: number }>();
  for (const [name, value] of Object.entries(outputs)) {
    const length = elements(value.shape);
    const place = of.get(baseOf(value))!;
    const state = moved.get(name.replace(/\.next$/, ''));
    if (!state || name !== nextOf(name.replace(/\.next$/, ''))) {
      found.set(name, { place, length });
      continue;
    }
    const next = nextTo(state);
    if (next.buffer !== place.buffer || next.at !== place.at) copies.push({ from: place, to: next, length });
    found.set(name, { place: next, length });
  }
  return { buffers, of, inputs, outputs: found, constants, copies, spare: (length) => grow('temps', length) };
}
