import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BagsslError } from '../../src/base/errors.ts';
import { DTYPES, type Dtype } from '../../src/formats/dtypes.ts';
import { readSafetensors, type SafeTensor, writeSafetensors } from '../../src/formats/safetensors.ts';
import golden from './golden/formats.json' with { type: 'json' };

const text = (s: string) => new TextEncoder().encode(s);

/** A file from a header's text and a body, with the length stated truly unless told otherwise. */
function file(header: string, body: number | Uint8Array = 0, length = BigInt(text(header).length)): Uint8Array {
  const json = text(header);
  const data = typeof body === 'number' ? new Uint8Array(body) : body;
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const bits = ({ data }: SafeTensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');

const tensor: fc.Arbitrary<SafeTensor> = fc
  .record({
    dtype: fc.constantFrom(...(Object.keys(DTYPES) as Dtype[])),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    byte: fc.nat(255),
  })
  .map(({ dtype, shape, byte }) => {
    const data = new DTYPES[dtype](shape.reduce((a, b) => a * b, 1));
    new Uint8Array(data.buffer).forEach((_, i, all) => {
      all[i] = byte * (i + 1);
    });
    return { dtype, shape, data };
  });

const name = fc.oneof(
  fc.string().filter((s) => s !== '__metadata__'),
  fc.constantFrom('__proto__', 'toString', '1', 'é', '"\\'),
);
const tensors = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 });

function assertRefused(bytes: Uint8Array, message: RegExp) {
  assert.throws(
    () => readSafetensors(bytes),
    (error: unknown) => {
      assert.ok(error instanceof BagsslError, String(error));
      assert.equal(error.code, 'bad-checkpoint');
      assert.match(error.message, message);
      return true;
    },
  );
}

describe('safetensors', () => {
  it('reads a file made byte by byte', () => {
    const header = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} ';
    assert.equal(header.length, 55);
    const bytes = Uint8Array.of(55, 0, 0, 0, 0, 0, 0, 0, ...text(header), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0);
    const read = readSafetensors(bytes);
    assert.deepEqual(read, {
      tensors: { x: { dtype: 'F32', shape: [2], data: Float32Array.of(1, -2) } },
      metadata: {},
    });
  });

  it('writes a file byte by byte', () => {
    const header = '{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ';
    assert.deepEqual(
      writeSafetensors({ x: { dtype: 'F32', shape: [2], data: Float32Array.of(1, -2) } }),
      Uint8Array.of(56, 0, 0, 0, 0, 0, 0, 0, ...text(header), 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0),
    );
  });

  it('reads and writes what the safetensors package writes', () => {
    const bytes = new Uint8Array(Buffer.from(golden.safetensors, 'base64'));
    const { tensors, metadata } = readSafetensors(bytes);
    assert.deepEqual(metadata, { made: 'by hand' });
    assert.deepEqual([...(tensors['b.weight'].data as Float32Array)], [1.5, -2, 3, 4]);
    assert.deepEqual(tensors['b.weight'].shape, [2, 2]);
    assert.deepEqual([...(tensors.a.data as BigInt64Array)], [7n]);
    assert.deepEqual([...(tensors.half.data as Uint16Array)], [0x3c00, 0xc000]);
    assert.deepEqual(Buffer.from(writeSafetensors(tensors, metadata)), Buffer.from(bytes));
  });

  it('gives back what was written, whatever the order', () => {
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (list, metadata) => {
        const bytes = writeSafetensors(Object.fromEntries(list), metadata);
        assert.deepEqual(writeSafetensors(Object.fromEntries(list.toReversed()), metadata), bytes);
        const read = readSafetensors(bytes);
        assert.deepEqual(Object.entries(read.metadata).sort(), Object.entries(metadata).sort());
        assert.equal(Object.keys(read.tensors).length, list.length);
        for (const [key, given] of list) {
          const got = Object.entries(read.tensors).find(([k]) => k === key)![1];
          assert.deepEqual([got.dtype, got.shape, bits(got)], [given.dtype, given.shape, bits(given)]);
          assert.ok(got.data.length === 0 || got.data.buffer === bytes.buffer, 'a written file is read without copies');
        }
      }),
    );
  });

  it('reads from any place in memory', () => {
    const data = Float64Array.of(1, 2, 3);
    const bytes = writeSafetensors({ x: { dtype: 'F64', shape: [3], data } });
    for (let shift = 0; shift < 8; shift++) {
      const moved = new Uint8Array(bytes.length + shift);
      moved.set(bytes, shift);
      assert.deepEqual(readSafetensors(moved.subarray(shift)).tensors.x.data, data);
    }
  });

  const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32') =>
    JSON.stringify({ dtype, shape, data_offsets: offsets });

  const hostile: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /0 bytes/],
    ['no header', new Uint8Array(8), /begin with/],
    ['a header of 2^63 bytes', file('{}', 0, 1n << 63n), /at most 100000000/],
    ['a header of 100 MB that is not there', file('{}', 0, 100_000_000n), /only 2 follow/],
    ['a header cut short', file('{"a":', 0), /not JSON/],
    ['broken UTF-8', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), /not JSON/],
    ['deep nesting', file(`{"a":${'['.repeat(200_000)}`), /not JSON/],
    ['a tensor named twice', file(`{"x":${entry([0], [0, 0])},"\\u0078":${entry([0], [0, 0])}}`), /"x" twice/],
    ['an entry with a key twice', file('{"x":{"dtype":"U8","dtype":"I8","shape":[0],"data_offsets":[0,0]}}'), /twice/],
    ['no object', file('{"x":7}'), /not described/],
    ['an unknown dtype', file(`{"x":${entry([1], [0, 4], 'toString')}}`, 4), /dtype "toString"/],
    ['a negative extent', file(`{"x":${entry([-1], [0, 4])}}`, 4), /shape/],
    ['a fractional extent', file(`{"x":${entry([0.5], [0, 2])}}`, 2), /shape/],
    ['an extent beyond 2^53', file(`{"x":${entry([2 ** 53], [0, 4])}}`, 4), /shape/],
    ['a product beyond 2^53', file(`{"x":${entry([2 ** 31, 2 ** 31, 4], [0, 4])}}`, 4), /shape/],
    ['a shape that hides an overflow behind 0', file(`{"x":${entry([2 ** 52, 4, 0], [0, 0])}}`), /shape/],
    ['a huge claim', file(`{"x":${entry([2 ** 50], [0, 2 ** 52])}}`, 4), /ends at byte/],
    ['offsets backwards', file(`{"x":${entry([1], [4, 0])}}`, 4), /data_offsets/],
    ['three offsets', file(`{"x":${entry([1], [0, 4, 8])}}`, 8), /data_offsets/],
    ['offsets outside', file(`{"x":${entry([1], [4, 8])}}`, 4), /ends at byte 8 of 4/],
    ['a shape and a length that differ', file(`{"x":${entry([2], [0, 4])}}`, 4), /has 4 bytes/],
    ['an overlap', file(`{"x":${entry([1], [0, 4])},"y":${entry([1], [2, 6])}}`, 6), /overlaps/],
    ['a gap', file(`{"x":${entry([1], [0, 4])},"y":${entry([1], [8, 12])}}`, 12), /4 bytes before/],
    ['bytes after the last', file(`{"x":${entry([1], [0, 4])}}`, 5), /1 bytes after/],
    ['metadata that are no strings', file('{"__metadata__":{"a":1}}'), /__metadata__/],
  ];
  for (const [what, bytes, message] of hostile) it(`refuses ${what}`, () => assertRefused(bytes, message));

  it('gives a file or its own error for any bytes', () => {
    const good = writeSafetensors(
      {
        a: { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
        b: { dtype: 'I64', shape: [1], data: BigInt64Array.of(5n) },
      },
      { note: 'x' },
    );
    const edit = fc.tuple(fc.nat(good.length - 1), fc.oneof(fc.nat(255), fc.constantFrom(...text('0179,[]{}":-.eF'))));
    const mutated = fc
      .tuple(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(good.length))
      .map(([edits, cut]) => {
        const bytes = good.slice(0, cut % 3 ? good.length : cut);
        for (const [at, byte] of edits) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array()), (bytes) => {
        try {
          readSafetensors(bytes);
        } catch (error) {
          assert.ok(error instanceof BagsslError && error.code === 'bad-checkpoint', String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses to write what does not agree', () => {
    const data = Float32Array.of(1);
    const refuse = (tensors: Record<string, SafeTensor>) =>
      assert.throws(() => writeSafetensors(tensors), { code: 'bad-argument' });
    refuse({ x: { dtype: 'F32', shape: [2], data } });
    refuse({ x: { dtype: 'F64', shape: [1], data } });
    refuse({ x: { dtype: 'F8' as Dtype, shape: [1], data } });
    refuse({ __metadata__: { dtype: 'F32', shape: [1], data } });
  });
});
