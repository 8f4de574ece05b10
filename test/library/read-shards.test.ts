import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { BagsslError } from '../../src/index.ts';
import { readShards } from '../../src/node.ts';

const MODEL = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

let top: string;
before(async () => {
  top = await mkdtemp(join(tmpdir(), 'bagssl-shards-'));
});
after(() => rm(top, { recursive: true }));

/** A shard: the columns, and photos without a vector. */
async function shard(name: string, columns: Record<string, unknown[]>, skipped?: object[]): Promise<string> {
  const kvMetadata = skipped && [{ key: 'skipped', value: JSON.stringify(skipped) }];
  const columnData = Object.entries(columns).map(([name, data]) => ({ name, data: data as never[] }));
  const file = join(top, name);
  await writeFile(file, new Uint8Array(parquetWriteBuffer({ columnData, ...(kvMetadata && { kvMetadata }) })));
  return file;
}

const refused = (code: string, words: RegExp) => (error: BagsslError) =>
  error.code === code && words.test(error.message);

describe('readShards', () => {
  it('reads the shards of folders and files as one index, and what has no vector', async () => {
    const one = {
      id: ['a.jpg', 'b.jpg'],
      vector: [
        [1, 0],
        [0, 2],
      ],
      model: [MODEL, MODEL],
    };
    const file = await shard('one.parquet', one, [{ id: 'cut.png', reason: 'cut short' }]);
    const two = await shard('two.parquet', { id: ['c.jpg'], vector: [[3, 3]], model: [MODEL] });
    const read: number[][] = [];
    const onProgress = (done: number, total: number) => void read.push([done, total]);
    const { index, model, skipped } = await readShards([file, two], { model: MODEL, onProgress });
    assert.deepEqual([...index.ids], ['a.jpg', 'b.jpg', 'c.jpg']);
    assert.equal(model, MODEL);
    assert.deepEqual(skipped, [{ file: 'cut.png', reason: 'cut short' }]);
    assert.deepEqual(read, [
      [1, 2],
      [2, 2],
    ]);
    const [nearest] = index.search(Float32Array.of(0, 5), 1);
    assert.equal(nearest.id, 'b.jpg');
    assert.ok(Math.abs(nearest.similarity - 1) < 1e-6);
  });

  it('takes the files that bagssl embed writes, whose names are in another column', async () => {
    const file = await shard('embedded-00001-of-00002.parquet', {
      id: [0, 1],
      file: ['x.jpg', 'y.jpg'],
      vector: [
        [1, 2],
        [2, 1],
      ],
    });
    const { index, model } = await readShards(file);
    assert.deepEqual([...index.ids], ['x.jpg', 'y.jpg']);
    assert.equal(model, undefined);
  });

  it('refuses shards of another model than the queries come from, and of two models', async () => {
    const file = await shard('mine.parquet', { id: ['a'], vector: [[1]], model: [MODEL] });
    const other = await shard('other.parquet', { id: ['b'], vector: [[1]], model: [OTHER] });
    await assert.rejects(readShards(file, { model: OTHER }), refused('bad-data', /vectors of aaaa.*the model is bbbb/));
    await assert.rejects(readShards(file, { model: Uint8Array.of(1) }), refused('bad-data', /cannot be compared/));
    await assert.rejects(readShards([file, other]), refused('bad-data', /other\.parquet" has vectors of bbbb.*aaaa/));
  });

  it('only throws errors of its own for a damaged file', async () => {
    const ids = Array.from({ length: 40 }, (_, k) => `${k}.jpg`);
    const file = await shard('whole.parquet', {
      id: ids,
      vector: ids.map((_, k) => [k, 1]),
      model: ids.map(() => MODEL),
    });
    const bytes = await readFile(file);
    const codes = new Set<string>();
    for (let k = 0; k < 120; k++) {
      const damaged = Buffer.from(bytes);
      // Most of the file is its footer, and the last column is read after the first has failed.
      for (let i = 0; i < 3; i++) damaged[(k * 7919 + i * 104729) % bytes.length] ^= 1 + (k % 255);
      await writeFile(join(top, 'damaged.parquet'), damaged);
      const code = await readShards(join(top, 'damaged.parquet')).then(
        () => 'none',
        (error: BagsslError) => error.code,
      );
      codes.add(String(code));
    }
    assert.ok(codes.has('bad-data'));
    for (const code of codes) assert.ok(['none', 'bad-data', 'shape-mismatch'].includes(code), code);
  });

  it('refuses an id that is there twice, other columns, vectors of two widths, and what is no Parquet', async () => {
    const file = await shard('first.parquet', { id: ['a'], vector: [[1]], model: [MODEL] });
    const again = await shard('again.parquet', { id: ['a'], vector: [[1]], model: [MODEL] });
    const wide = await shard('wide.parquet', { id: ['w'], vector: [[1, 2]], model: [MODEL] });
    const empty = await shard('empty.parquet', { id: ['e', 'f'], vector: [[1], null], model: [MODEL, MODEL] });
    const words = await shard('words.parquet', { text: ['a'] });
    const none = join(top, 'none.parquet');
    await writeFile(none, 'no Parquet');
    await assert.rejects(readShards([file, again]), refused('bad-data', /"a" is in .*first.* and in .*again/));
    await assert.rejects(readShards([file, wide]), refused('shape-mismatch', /1 dimensions/));
    await assert.rejects(readShards(empty), refused('bad-data', /row 1 has no id or no vector/));
    await assert.rejects(readShards(words), refused('bad-data', /its columns are text/));
    await assert.rejects(readShards(none), refused('bad-data', /none\.parquet" cannot be read as a shard/));
    await assert.rejects(readShards(join(top, 'absent')), refused('bad-data', /absent" cannot be read/));
    await assert.rejects(readShards(file, { model: 'short' }), refused('bad-argument', /64 hexadecimal digits/));
  });
});
