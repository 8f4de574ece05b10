import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import sharp from 'sharp';
import { BagsslError } from '../../src/base/errors.ts';
import { decodeImage } from '../../src/data/decode.ts';
import { DecodePool } from '../../src/data/decode-pool.ts';
import { decodedSet } from '../../src/data/decoded-set.ts';
import { readableSet } from '../../src/data/readable-set.ts';
import { skippedByReason } from '../../src/data/skipped-by-reason.ts';

let png: Uint8Array;
before(async () => {
  png = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'teal' } })
    .png()
    .toBuffer();
});

/** Sources that count how often each is read; those of `bad` are no images. */
function counted(count: number, bad: readonly number[] = []) {
  const reads: number[] = new Array(count).fill(0);
  const state = { now: 0, most: 0 };
  const sources = Array.from({ length: count }, (_, i) => ({
    file: `${i}.png`,
    async read() {
      reads[i]++;
      state.most = Math.max(state.most, ++state.now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      state.now--;
      return bad.includes(i) ? new Uint8Array([1, 2, 3]) : png;
    },
  }));
  return { sources, reads, state };
}

describe('decodedSet', () => {
  it('takes files of a form beside other sources, by the names they have there', async () => {
    const given = [new File([png as Uint8Array<ArrayBuffer>], 'a.png'), { file: 'b.png', read: async () => png }];
    Object.defineProperty(given[0], 'webkitRelativePath', { value: 'trip/a.png' });
    const set = decodedSet('chosen', given);
    assert.deepEqual(set.files, ['trip/a.png', 'b.png']);
    assert.deepEqual(await set.image(0), await set.image(1));
  });

  it('reads nothing until an image is asked for, each once, and few at the same time', async () => {
    const { sources, reads, state } = counted(30);
    const set = decodedSet('some', sources);
    assert.deepEqual([set.length, Math.max(...reads)], [30, 0]);
    const all = Array.from({ length: 60 }, (_, i) => set.image(i % 30));
    for (const image of await Promise.all(all)) assert.deepEqual([image.width, image.height], [8, 8]);
    assert.deepEqual([reads, state.most], [new Array(30).fill(1), 4]);
    assert.ok(!(set.image(7) instanceof Promise), 'a kept image is there already');
  });

  it('keeps the images used last, within its bytes', async () => {
    const { sources, reads } = counted(3);
    const { data } = await decodedSet('one', sources).image(0);
    // Two fit, and not quite a third.
    const set = decodedSet('some', sources, { cacheBytes: 3 * data.byteLength - 1 });
    reads.fill(0);
    for (const i of [0, 1, 0, 2, 0]) await set.image(i);
    assert.deepEqual(reads, [1, 1, 1]);
    await set.image(1); // was used longest ago
    await set.image(2); // now it is 2's turn to have been dropped
    assert.deepEqual(reads, [1, 2, 2]);
    const none = decodedSet('some', sources, { cacheBytes: 0 });
    reads.fill(0);
    for (const i of [0, 0, 1]) await none.image(i);
    assert.deepEqual(reads, [2, 1, 0]);
  });

  it('rejects what cannot be read, always, and lists it once', async () => {
    const { sources, reads } = counted(3, [1]);
    const set = decodedSet('some', sources, { skipped: [{ file: 'x', reason: 'hidden' }] });
    for (let k = 0; k < 3; k++) {
      await assert.rejects(async () => set.image(1), { name: 'BagsslError', code: 'bad-data', message: /^1\.png: / });
    }
    assert.deepEqual([reads[1], set.skipped!.map(({ file }) => file)], [1, ['x', '1.png']]);
    const broken = decodedSet('broken', [{ file: 'a.png', read: () => Promise.reject(new Error('EIO: i/o error')) }]);
    await assert.rejects(async () => broken.image(0), { code: 'bad-data', message: 'a.png: EIO: i/o error.' });
    const missing = () => Promise.reject(new BagsslError('missing-dependency', 'Install libheif-js.'));
    const heic = decodedSet('phone', counted(1).sources, { decoder: missing });
    await assert.rejects(async () => heic.image(0), { code: 'bad-data' });
    assert.deepEqual(heic.skipped, [{ file: '0.png', reason: 'Install libheif-js' }]);
    // What is not the file's fault is no reason to leave it out.
    const decoder = () => Promise.reject(new BagsslError('bad-argument', 'not so'));
    const without = decodedSet('without', sources, { decoder });
    await assert.rejects(async () => without.image(0), { code: 'bad-argument' });
    assert.deepEqual(without.skipped, []);
  });
});

describe('workers beside sharp', () => {
  it('decode HEIC, which sharp does not, and leave all else to it', async () => {
    const files = JSON.parse(await readFile('test/golden/formats.json', 'utf8'));
    const bytes = (name: string) => new Uint8Array(Buffer.from(files[name].bytes, 'base64'));
    const pool = new DecodePool({ besideSharp: true, workers: 1 });
    try {
      assert.equal(await pool.decode(bytes('baseline.jpg'), 'a', {}), undefined);
      const found = await pool.decode(bytes('photo.heic'), 'b', {});
      const own = await decodeImage(bytes('photo.heic'), 'b');
      assert.deepEqual([found?.width, found?.height], [own.width, own.height]);
      assert.deepEqual(found!.data, own.data);
    } finally {
      pool.dispose();
    }
  });
});

describe('readableSet', () => {
  it('is the images that can be read, under their own numbers', async () => {
    const { sources } = counted(6, [0, 3]);
    const classes = ['even', 'odd'];
    const set = decodedSet(
      'some',
      sources.map((source, i) => ({ ...source, id: 10 + i, label: i % 2 })),
      { classes },
    );
    const progress: number[] = [];
    const readable = await readableSet(set, { onProgress: (done) => progress.push(done) });
    assert.deepEqual(readable.files, ['1.png', '2.png', '4.png', '5.png']);
    assert.deepEqual(
      [Array.from(readable.ids!), [...readable.labels!]],
      [
        [11, 12, 14, 15],
        [1, 0, 0, 1],
      ],
    );
    assert.deepEqual(progress, [1, 2, 3, 4, 5, 6]);
    assert.equal(readable.skipped!.length, 2);
    const whole = decodedSet('whole', counted(2).sources);
    assert.equal(await readableSet(whole), whole);
    const none = readableSet(decodedSet('none', counted(5, [0, 1, 2, 3, 4]).sources));
    await assert.rejects(none, {
      message: /none: none of its 5 images can be read \(0\.png: .*; and 2 more\)\. Give /,
    });
    await assert.rejects(readableSet(set, { signal: AbortSignal.abort() }), { code: 'aborted' });
  });
});

describe('what is left out', () => {
  it('is counted by reason, most first, with endings, and never without bound', () => {
    const file = (name: string, reason: string) => ({ file: name, reason });
    const some = [file('.a', 'hidden'), file('b/x.TXT', 'no image'), file('y.txt', 'no image'), file('z', 'no image')];
    assert.equal(
      skippedByReason([...some, file('t/', 'trash')]),
      '3 no image (2 .txt, 1 without an ending), 1 hidden (1 without an ending), 1 trash',
    );
    const many = Array.from({ length: 100 }, (_, i) => file(`${i}.e${i}`, `reason ${i % 50}`));
    assert.match(skippedByReason(many), /^2 reason 0 \(1 \.e0, 1 \.e50\), .*, 88 for other reasons$/);
  });
});
