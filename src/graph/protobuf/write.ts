import type { Field, Fields, Message } from './fields.ts';
import { WIRE } from './fields.ts';

/** Serialises a message. Lists of numbers are packed, which every reader accepts. Whole numbers are exact up to ±2⁵³. */
export function writeMessage<F extends Fields>(fields: F, message: Message<F>): Uint8Array {
  return joined(pieces(fields, message));
}

/** In pieces, so that large tensors are copied once. */
function* pieces(fields: Fields, message: { readonly [name: string]: unknown }): Generator<Uint8Array> {
  for (const [name, field] of Object.entries(fields)) {
    const value = message[name];
    if (value === undefined) continue;
    const [number, kind, list] = field;
    if (!list) yield* one(field, value);
    else if (typeof kind !== 'string' || WIRE[kind] === WIRE.bytes) {
      for (const each of value as readonly unknown[]) yield* one(field, each);
    } else if ((value as readonly number[]).length > 0) {
      yield* delimited(number, [joined((value as readonly number[]).map((each) => numeral(kind, each)))]);
    }
  }
}

function one([number, kind]: Field, value: unknown): Iterable<Uint8Array> {
  if (typeof kind !== 'string')
    return delimited(number, [...pieces(kind, value as { readonly [name: string]: unknown })]);
  if (kind === 'string') return delimited(number, [new TextEncoder().encode(value as string)]);
  if (kind === 'bytes') return delimited(number, [value as Uint8Array]);
  return [varint(number * 8 + WIRE[kind]), numeral(kind, value as number)];
}

/** A field of bytes, or of a message, in pieces. */
export const delimited = (number: number, content: readonly Uint8Array[]): Uint8Array[] => [
  varint(number * 8 + WIRE.bytes),
  varint(lengthOf(content)),
  ...content,
];

function numeral(kind: string, value: number): Uint8Array {
  if (kind === 'int') return varint(value);
  const view = new DataView(new ArrayBuffer(kind === 'float' ? 4 : 8));
  if (kind === 'float') view.setFloat32(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

/** Seven bits per byte, the lowest first; negative numbers as 64 bits. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value < 0 ? BigInt.asUintN(64, BigInt(value)) : value;
  for (; rest > 127; rest = typeof rest === 'bigint' ? rest >> 7n : Math.floor(rest / 128)) {
    bytes.push(128 + (typeof rest === 'bigint' ? Number(rest & 127n) : rest % 128));
  }
  return Uint8Array.of(...bytes, Number(rest));
}

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);

/** Pieces as one. */
export function joined(parts: Iterable<Uint8Array>): Uint8Array {
  const list = [...parts];
  const all = new Uint8Array(lengthOf(list));
  let at = 0;
  for (const part of list) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
