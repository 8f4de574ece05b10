import { PbfWriter } from 'pbf';
import type { Field, Fields, Message } from './fields.ts';

/** Serialises a message. Lists of numbers are packed, which every reader takes. Whole numbers are exact up to ±2⁵³. */
export function writeMessage<F extends Fields>(fields: F, message: Message<F>): Uint8Array {
  const out = new PbfWriter(new Uint8Array(sizeOf(message)));
  writeFields({ fields, message }, out);
  return out.finish().slice();
}

/** Enough bytes for most messages, as a writer that grows copies what it holds. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length + 16;
  if (typeof value !== 'object' || value === null) return 16;
  return Object.values(value).reduce((sum, part) => sum + sizeOf(part), 16);
}

type Open = { readonly [name: string]: unknown };

function writeFields({ fields, message }: { fields: Fields; message: Open }, out: PbfWriter): void {
  for (const [name, field] of Object.entries(fields)) {
    const value = message[name];
    if (value === undefined) continue;
    if (field[2]) writeList(field, value as readonly unknown[], out);
    else writeOne(field, value, out);
  }
}

function writeList(field: Field, values: readonly unknown[], out: PbfWriter): void {
  const [number, kind] = field;
  if (kind === 'int') out.writePackedVarint(number, values as number[]);
  else if (kind === 'float') out.writePackedFloat(number, values as number[]);
  else if (kind === 'double') out.writePackedDouble(number, values as number[]);
  else for (const value of values) writeOne(field, value, out);
}

function writeOne([number, kind]: Field, value: unknown, out: PbfWriter): void {
  if (kind === 'int') out.writeVarintField(number, value as number);
  else if (kind === 'float') out.writeFloatField(number, value as number);
  else if (kind === 'double') out.writeDoubleField(number, value as number);
  // Not writeStringField: pbf 5.1 writes characters from U+20000 on as others.
  else if (kind === 'string') out.writeBytesField(number, new TextEncoder().encode(value as string));
  else if (kind === 'bytes') out.writeBytesField(number, value as Uint8Array);
  else out.writeMessage(number, writeFields, { fields: kind, message: value as Open });
}
