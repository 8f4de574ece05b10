import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { BagsslError } from '../../src/index.ts';
import { type Entry, IndexStore } from '../../src/library/index-store.ts';
import { randoms } from '../support/random.ts';

const DIGEST = 'of an encoder';
const vector = (seed: number) => randoms(seed, 3);
const entry = (file: string, more: Partial<Entry> = {}): Entry => ({
  file,
  size: 7,
  time: 1.5,
  digest: `of ${file}`,
  ...more,
});

let top: string;
let count = 0;
before(async () => {
  top = await mkdtemp(join(tmpdir(), 'bagssl-index-'));
});
after(() => rm(top, { recursive: true }));
const fresh = () => join(top, `${count++}`, 'index');
const open = (folder: string) => IndexStore.open(folder, DIGEST);

/** The index as its user sees it: the vector or reason of every file. */
const seen = (store: IndexStore) =>
  Object.fromEntries(
    [...store.entries.values()].map(({ file, row, reason }) => [file, reason ?? [...store.vector(row!)]]),
  );

async function filled(folder: string, files: number): Promise<IndexStore> {
  const store = await open(folder);
  for (let i = 0; i < files; i++) await store.write([entry(`${i}.jpg`, { row: store.add(vector(i)) })]);
  return store;
}

describe('the store of an index', () => {
  it('holds what was written, replaced and removed, also when it is opened again', async () => {
    const folder = fresh();
    const store = await filled(folder, 4);
    await store.write(
      [entry('0.jpg', { row: store.add(vector(9)) }), entry('broken "ü\n.jpg', { reason: 'is cut short' })],
      ['2.jpg'],
    );
    const expected = {
      '0.jpg': [...vector(9)],
      '1.jpg': [...vector(1)],
      '3.jpg': [...vector(3)],
      'broken "ü\n.jpg': 'is cut short',
    };
    assert.deepEqual(seen(store), expected);
    const again = await open(folder);
    assert.deepEqual(seen(again), expected);
    assert.deepEqual(again.entries.get('1.jpg'), entry('1.jpg', { row: 1 }));
  });

  it('writes nothing until asked, and is empty where there is none', async () => {
    const folder = fresh();
    const store = await open(folder);
    store.add(vector(1));
    assert.equal(store.entries.size, 0);
    await assert.rejects(stat(folder));
  });

  it('is whole wherever its files were cut off, and continues from there', async () => {
    const made = fresh();
    await filled(made, 5);
    const files = await readdir(made);
    const lines = files.find((name) => name.endsWith('.jsonl'))!;
    const rows = files.find((name) => name.endsWith('.f32'))!;
    const bytes = Object.fromEntries(
      await Promise.all(files.map(async (name) => [name, await readFile(join(made, name))])),
    );
    // A process writes vectors first, so the lines are cut anywhere, the vectors only after the last whole line.
    for (let cut = 0; cut <= bytes[lines].length; cut += 13) {
      const folder = fresh();
      await (await open(folder)).write([]);
      for (const name of files) await writeFile(join(folder, name), bytes[name]);
      await truncate(join(folder, lines), cut);
      const whole = bytes[lines]
        .subarray(0, cut)
        .toString()
        .split('\n')
        .filter((line: string) => line.endsWith('}')).length;
      await truncate(join(folder, rows), Math.min(bytes[rows].length, whole * 12 + (cut % 12)));
      const store = await open(folder);
      assert.equal(store.entries.size, whole);
      await store.write([entry('next.jpg', { row: store.add(vector(77)) })]);
      const expected = Object.fromEntries(Array.from({ length: whole }, (_, i) => [`${i}.jpg`, [...vector(i)]]));
      for (const one of [store, await open(folder)])
        assert.deepEqual(seen(one), { ...expected, 'next.jpg': [...vector(77)] });
    }
  });

  it('skips lines that name missing rows', async () => {
    const folder = fresh();
    await filled(folder, 2);
    const lines = join(folder, 'files-0.jsonl');
    for (const row of [2, -1, 0.5, '0', null])
      await appendFile(lines, `\n${JSON.stringify({ ...entry(`x${row}`), row })}\n`);
    await appendFile(lines, '\n[]\n\nnull\n7\n{"file":3,"row":0}\n{');
    assert.deepEqual(Object.keys(seen(await open(folder))), ['0.jpg', '1.jpg']);
  });

  it('drops what no file needs once that is more than half of it', async () => {
    const folder = fresh();
    const store = await filled(folder, 100);
    await store.write(
      [],
      Array.from({ length: 60 }, (_, i) => `${i}.jpg`),
    );
    await store.write([entry('copy.jpg', { row: store.entries.get('99.jpg')!.row })]);
    const expected = seen(store);
    await store.compact();
    assert.deepEqual(seen(store), expected);
    assert.deepEqual((await readdir(folder)).sort(), ['files-1.jsonl', 'index.json', 'vectors-1.f32']);
    assert.equal((await stat(join(folder, 'vectors-1.f32'))).size, 40 * 12);
    await store.write([entry('after.jpg', { row: store.add(vector(5)) })]);
    assert.deepEqual(seen(await open(folder)), { ...expected, 'after.jpg': [...vector(5)] });
    await store.compact();
    assert.ok((await readdir(folder)).includes('files-1.jsonl'), 'nothing to drop');
  });

  it('refuses an index of another encoder or version, and a folder that cannot be written', async () => {
    const folder = fresh();
    await filled(folder, 1);
    const refused = (code: string, words: RegExp) => (error: BagsslError) =>
      error.code === code && words.test(error.message);
    await assert.rejects(IndexStore.open(folder, 'of another'), refused('bad-checkpoint', /another encoder/));
    await writeFile(join(folder, 'index.json'), '{"version":2}');
    await assert.rejects(open(folder), refused('bad-checkpoint', /not an index that this version reads/));
    await writeFile(join(top, 'a file'), '');
    const store = await open(join(top, 'a folder', 'index'));
    await writeFile(join(top, 'a folder'), '');
    await assert.rejects(
      store.write([entry('a', { row: store.add(vector(1)) })]),
      refused('not-saved', /untouched|cannot/),
    );
  });
});
