import { PbfReader } from 'pbf';
import type { Field, Fields, Found, Kind } from './fields.ts';

/**
 * Reads a message that nobody checked. Every length is held against what is left before it is used, and what is passed over
 * costs nothing, so that memory stays a small multiple of the bytes; bytes are views of the file.
 * Whole numbers are exact up to ±2⁵³, and near to what is written beyond.
 * @throws Error when the bytes are no such message
 */
export function readMessage<F extends Fields>(fields: F, bytes: Uint8Array): Found<F> {
  return readFields(fields, new PbfReader(bytes), bytes.length) as Found<F>;
}

type Open = Record<string, unknown>;

const VARINT = 0;
const DELIMITED = 2;
const WIRE: Readonly<Record<string, number>> = { int: VARINT, float: 5, double: 1 };
const NONE: readonly unknown[] = Object.freeze([]);

function readFields(fields: Fields, from: PbfReader, end: number): Open {
  const message: Open = {};
  for (const [name, [, , list]] of Object.entries(fields)) message[name] = list ? NONE : undefined;
  const known = namesOf(fields);
  for (let number = from.nextField(end); number; number = from.nextField(end)) {
    const name = known.get(number);
    if (name) readField(message, name, fields[name], from, end);
  }
  if (from.pos !== end) throw new Error(`A message that should end at byte ${end} goes on to ${from.pos}`);
  return message;
}

function readField(message: Open, name: string, [, kind, list]: Field, from: PbfReader, end: number): void {
  if (!list) {
    message[name] = readOne(kind, from, end);
    return;
  }
  if (message[name] === NONE) message[name] = [];
  const values = message[name] as unknown[];
  const packed = typeof kind === 'string' && kind in WIRE && from.type === DELIMITED;
  if (!packed) {
    values.push(readOne(kind, from, end));
    return;
  }
  const last = delimited(from, end);
  from.type = WIRE[kind];
  while (from.pos < last) values.push(readOne(kind, from, last));
  if (from.pos !== last) throw new Error(`A list that should end at byte ${last} goes on to ${from.pos}`);
}

function readOne(kind: Kind, from: PbfReader, end: number): unknown {
  const wire = typeof kind === 'string' ? (WIRE[kind] ?? DELIMITED) : DELIMITED;
  if (from.type !== wire) throw new Error(`A field at byte ${from.pos} is of wire type ${from.type}, not ${wire}`);
  if (kind === 'int') return from.readVarint(true);
  if (kind === 'float') return from.readFloat();
  if (kind === 'double') return from.readDouble();
  const last = delimited(from, end);
  if (typeof kind !== 'string') return readFields(kind, from, last);
  const bytes = from.buf.subarray(from.pos, last);
  from.pos = last;
  return kind === 'string' ? new TextDecoder().decode(bytes) : bytes;
}

/** Where a value ends whose length comes first. */
function delimited(from: PbfReader, end: number): number {
  const last = from.readVarint() + from.pos;
  if (!(last <= end)) throw new Error(`A value that ends at byte ${last} is in a message that ends at ${end}`);
  return last;
}

const named = new WeakMap<Fields, ReadonlyMap<number, string>>();

function namesOf(fields: Fields): ReadonlyMap<number, string> {
  let names = named.get(fields);
  if (!names) {
    names = new Map(Object.entries(fields).map(([name, [number]]) => [number, name]));
    named.set(fields, names);
  }
  return names;
}
