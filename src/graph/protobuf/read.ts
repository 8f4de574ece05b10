import type { Field, Fields, Found, Kind } from './fields.ts';
import { WIRE } from './fields.ts';

/**
 * Reads an untrusted message. Every length is compared with the bytes that remain before it is used, and skipped fields cost
 * nothing, so memory stays a small multiple of the input; bytes are views of the file.
 * Whole numbers are exact up to ±2⁵³ and approximate beyond.
 * @throws Error when the bytes are not such a message
 */
export function readMessage<F extends Fields>(fields: F, bytes: Uint8Array): Found<F> {
  return new Reader(bytes).message(fields, bytes.length) as Found<F>;
}

type Open = Record<string, unknown>;
const NONE: readonly unknown[] = Object.freeze([]);

class Reader {
  #at = 0;
  readonly #view: DataView;
  readonly #names = new Map<Fields, ReadonlyMap<number, string>>();

  constructor(private readonly bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  message(fields: Fields, end: number): Open {
    const message: Open = {};
    for (const [name, [, , list]] of Object.entries(fields)) message[name] = list ? NONE : undefined;
    const names = this.#namesOf(fields);
    while (this.#at < end) {
      const tag = this.#varint(end);
      const [number, wire] = [Math.floor(tag / 8), tag % 8];
      if (number < 1) throw new Error(`A field of number ${number} before byte ${this.#at}`);
      const name = names.get(number);
      if (name === undefined) this.#pass(wire, end);
      else this.#field(message, name, fields[name], wire, end);
    }
    return message;
  }

  #field(message: Open, name: string, [, kind, list]: Field, wire: number, end: number): void {
    if (!list) {
      message[name] = this.#one(kind, wire, end);
      return;
    }
    if (message[name] === NONE) message[name] = [];
    const values = message[name] as unknown[];
    const own = wireOf(kind);
    if (own === WIRE.bytes || wire !== WIRE.bytes) {
      values.push(this.#one(kind, wire, end));
      return;
    }
    const { from, to } = this.#skip(this.#varint(end), end);
    this.#at = from;
    while (this.#at < to) values.push(this.#one(kind, own, to));
  }

  #one(kind: Kind, wire: number, end: number): unknown {
    if (wire !== wireOf(kind)) throw new Error(`A field before byte ${this.#at} is of wire type ${wire}`);
    if (kind === 'int') return this.#varint(end);
    if (kind === 'float') return this.#view.getFloat32(this.#skip(4, end).from, true);
    if (kind === 'double') return this.#view.getFloat64(this.#skip(8, end).from, true);
    const { from, to } = this.#skip(this.#varint(end), end);
    if (typeof kind !== 'string') {
      this.#at = from;
      return this.message(kind, to);
    }
    const bytes = this.bytes.subarray(from, to);
    return kind === 'string' ? new TextDecoder().decode(bytes) : bytes;
  }

  #pass(wire: number, end: number): void {
    if (wire === WIRE.int) this.#varint(end);
    else if (wire === WIRE.float) this.#skip(4, end);
    else if (wire === WIRE.double) this.#skip(8, end);
    else if (wire === WIRE.bytes) this.#skip(this.#varint(end), end);
    else throw new Error(`Wire type ${wire} before byte ${this.#at}`);
  }

  /** Advances by `length` bytes, which must be present, and returns their range. */
  #skip(length: number, end: number): { readonly from: number; readonly to: number } {
    const from = this.#at;
    const to = from + length;
    if (!(length >= 0 && to <= end))
      throw new Error(`${length} bytes at byte ${from}, but the data ends at byte ${end}`);
    this.#at = to;
    return { from, to };
  }

  #varint(end: number): number {
    let value = 0n;
    let small = 0;
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.#skip(1, end).from];
      // Seven bytes hold 49 bits, which fit a plain number.
      if (i < 7) small += (byte & 127) * 128 ** i;
      else value |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte < 128) return i < 7 ? small : Number(BigInt.asIntN(64, value | BigInt(small)));
    }
    throw new Error(`A number of more than ten bytes before byte ${this.#at}`);
  }

  #namesOf(fields: Fields): ReadonlyMap<number, string> {
    let names = this.#names.get(fields);
    if (!names) {
      names = new Map(Object.entries(fields).map(([name, [number]]) => [number, name]));
      this.#names.set(fields, names);
    }
    return names;
  }
}

const wireOf = (kind: Kind): number => (typeof kind === 'string' ? WIRE[kind] : WIRE.bytes);
