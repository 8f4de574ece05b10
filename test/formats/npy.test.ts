import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BagsslError } from '../../src/base/errors.ts';
import { type NpyDescr, npyHeader, readNpy, writeNpy } from '../../src/formats/npy.ts';
import golden from './golden/formats.json' with { type: 'json' };

const decode = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const latin1 = (s: string) => Uint8Array.from(s, (c) => c.charCodeAt(0));

/** A version 1.0 file with this dictionary. */
function file(dictionary: string, body = 0): Uint8Array {
  const length = dictionary.length;
  return Uint8Array.of(
    ...latin1('\x93NUMPY\x01\x00'),
    length & 255,
    length >> 8,
    ...latin1(dictionary),
    ...new Uint8Array(body),
  );
}

describe('npy', () => {
  for (const { descr, shape, values, bytes } of golden.npy) {
    const file = decode(bytes);
    const title = `(${shape}) of ${descr}, version ${file[6]}.${file[7]}`;
    it(`reads what NumPy writes: ${title}`, () => {
      const read = readNpy(file);
      assert.deepEqual([read.descr, read.shape], [descr, shape]);
      const wide = descr === '<f4' ? values.map(Math.fround) : values;
      assert.deepEqual(Array.from(read.data, Number), wide);
    });
    if (file[6] === 1) {
      it(`writes the header that NumPy writes: ${title}`, () => {
        const header = npyHeader(shape, descr as NpyDescr);
        assert.deepEqual(header, file.slice(0, header.length));
      });
      if (descr === '<f4') {
        it(`writes the file that NumPy writes: ${title}`, () =>
          assert.deepEqual(writeNpy(Float32Array.from(values), shape), file));
      }
    }
  }

  it('gives back what was written, from any place in memory', () => {
    const shape = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 5 });
    fc.assert(
      fc.property(shape, fc.nat(7), fc.nat(), (shape, shift, seed) => {
        const data = new Float32Array(shape.reduce((a, b) => a * b, 1)).map((_, i) => Math.sin(seed + i));
        const bytes = writeNpy(data, shape);
        assert.equal((bytes.length - data.byteLength) % 64, 0);
        const moved = new Uint8Array(bytes.length + shift);
        moved.set(bytes, shift);
        const read = readNpy(moved.subarray(shift));
        assert.deepEqual([read.descr, read.shape], ['<f4', shape]);
        assert.deepEqual(read.data, data);
      }),
    );
  });

  const header = (descr: string, order: string, shape: string) =>
    `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
  const refused: [string, Uint8Array, RegExp][] = [
    ['nothing', new Uint8Array(), /begin with/],
    ['another file', latin1('RIFF0000'), /begin with/],
    ['version 3.0', latin1('\x93NUMPY\x03\x00\x00\x00\x00\x00'), /version is 3.0/],
    ['a magic word alone', latin1('\x93NUMPY'), /version/],
    ['a prefix alone', latin1('\x93NUMPY\x02\x00\x00'), /only 9 bytes/],
    ['a header that is not there', latin1('\x93NUMPY\x02\x00\xff\xff\xff\xff{}'), /claims 4294967295/],
    ['Fortran order', decode(golden.fortran), /Fortran/],
    ['big-endian elements', decode(golden.bigEndian), /'>f4'/],
    ['objects', file(header('|O', 'False', '(1,)'), 8), /'\|O'/],
    ['a property of Object', file(header('constructor', 'False', '(1,)'), 8), /'constructor'/],
    ['a huge shape', file(header('<f4', 'False', '(99999999999, 99999999999)')), /shape/],
    ['a shape larger than the file', file(header('<f4', 'False', '(1000000000,)')), /4000000000 bytes; 0 are/],
    ['a negative extent', file(header('<f4', 'False', '(-1,)')), /state/],
    ['a shape that is no tuple', file(header('<f4', 'False', '(1)'), 4), /state/],
    ['code', file(header('<f4', 'False', "__import__('os')")), /state/],
    ['a missing entry', file("{'descr': '<f4', 'shape': (1,), }\n", 4), /state/],
    ['an entry twice', file("{'descr': '<f4', 'descr': '<f4', 'shape': (1,), }\n", 4), /state/],
    ['elements missing', decode(golden.npy[0].bytes).slice(0, -1), /23 are there/],
    ['elements left over', Uint8Array.of(...decode(golden.npy[0].bytes), 0), /25 are there/],
  ];
  for (const [what, bytes, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(() => readNpy(bytes, 'x.npy'), { name: 'BagsslError', code: 'bad-data', message });
      assert.throws(() => readNpy(bytes, 'x.npy'), { message: /^x\.npy / });
    });
  }

  it('refuses a shape of fewer or more elements than there are', () => {
    assert.throws(() => writeNpy(new Float32Array(5), [2, 3]), { code: 'bad-argument' });
    assert.throws(() => npyHeader([2, -3]), { code: 'bad-argument' });
    assert.throws(() => npyHeader(Array(60_000).fill(1)), { code: 'bad-argument' });
  });

  it('gives an array or its own error for any bytes', () => {
    const good = writeNpy(Float32Array.of(1, 2, 3, 4, 5, 6), [2, 3]);
    const edit = fc.tuple(fc.nat(80), fc.oneof(fc.nat(255), fc.constantFrom(...latin1("09,(){}':<f "))));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(good.length), (edits, cut) => {
        const bytes = good.slice(0, cut % 3 ? good.length : cut);
        for (const [at, byte] of edits) bytes[at] = byte;
        try {
          readNpy(bytes);
        } catch (error) {
          assert.ok(error instanceof BagsslError && error.code === 'bad-data', String(error));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
