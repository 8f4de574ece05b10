import { WIRE } from './fields.ts';

/** A field of a message as it is in the file. */
export interface RawField {
  readonly number: number;
  readonly wire: number;
  /** The whole field, its tag included. */
  readonly raw: Uint8Array;
  /** The content of a field of bytes; else empty. */
  readonly content: Uint8Array;
}

/** The fields of an untrusted message, in their order, as views of it. @throws Error when the bytes are not a message */
export function* fieldsOf(bytes: Uint8Array): Generator<RawField> {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let i = 0; i < 10; i++) {
      if (at >= bytes.length) throw new Error(`The message ends within a number, at byte ${at}`);
      const byte = bytes[at++];
      value += (byte & 127) * 128 ** i;
      if (byte < 128) return value;
    }
    throw new Error(`A number of more than ten bytes before byte ${at}`);
  };
  while (at < bytes.length) {
    const start = at;
    const tag = varint();
    const wire = tag % 8;
    if (wire === WIRE.int) varint();
    const length = wire === WIRE.bytes ? varint() : wire === WIRE.float ? 4 : wire === WIRE.double ? 8 : 0;
    const known = wire === WIRE.int || wire === WIRE.bytes || wire === WIRE.float || wire === WIRE.double;
    if (!known || length > bytes.length - at) throw new Error(`A field of wire type ${wire} before byte ${at}`);
    const content = bytes.subarray(at, at + (wire === WIRE.bytes ? length : 0));
    at += length;
    yield { number: Math.floor(tag / 8), wire, raw: bytes.subarray(start, at), content };
  }
}
