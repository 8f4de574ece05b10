import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Pixels } from '../../src/base/pixels.ts';
import { CIFAR_CLASSES, cifarSet, readCifarBatch, readClassNames } from '../../src/data/cifar.ts';

const RECORD = 3073;

/** Images whose pixels tell where they lie. */
function batch(labels: readonly number[]): Uint8Array {
  const bytes = Uint8Array.from({ length: labels.length * RECORD }, (_, i) => (i * 7 + (i >> 8)) & 255);
  labels.forEach((label, i) => {
    bytes[i * RECORD] = label;
  });
  return bytes;
}

describe('cifar', () => {
  it('gives every image and label of every batch, in order, without copies', () => {
    const labels = fc.array(fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(labels, (lists) => {
        const files = lists.map(batch);
        const set = cifarSet(files.map((bytes, i) => readCifarBatch(bytes, `data_batch_${i}.bin`)));
        assert.equal(set.length, lists.flat().length);
        assert.deepEqual([...set.labels!], lists.flat());
        let index = 0;
        for (const [f, list] of lists.entries()) {
          for (let i = 0; i < list.length; i++) {
            const { data, ...rest } = set.image(index++) as Pixels;
            assert.deepEqual(rest, { width: 32, height: 32, layout: 'planar' });
            assert.deepEqual(data, files[f].subarray(i * RECORD + 1, (i + 1) * RECORD));
            assert.equal(data.buffer, files[f].buffer);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('refuses a truncated file, naming it, its size and what is expected', () => {
    assert.throws(() => readCifarBatch(batch([1, 2]).subarray(0, -100), 'x/data_batch_2.bin'), {
      name: 'BagsslError',
      code: 'bad-data',
      message: /^x\/data_batch_2\.bin holds 6046 bytes: 1 images and 2973 bytes more; .*3073 bytes per image/,
    });
  });

  it('refuses an empty file', () => {
    assert.throws(() => readCifarBatch(new Uint8Array(), 'e.bin'), { code: 'bad-data', message: /^e\.bin is empty/ });
  });

  it('refuses a label above 9', () => {
    assert.throws(() => readCifarBatch(batch([3, 10]), 'l.bin'), {
      code: 'bad-data',
      message: /^l\.bin holds label 10 at image 1 of 2 \(6146 bytes\)/,
    });
  });

  it('reads class names', () => {
    assert.deepEqual(readClassNames(`${CIFAR_CLASSES.join('\r\n')}\r\n\r\n`), CIFAR_CLASSES);
    assert.throws(() => readClassNames('a\nb\n', 'm.txt'), {
      code: 'bad-data',
      message: /^m\.txt holds 2 class names/,
    });
  });
});
