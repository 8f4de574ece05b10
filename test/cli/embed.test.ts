import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { builtinScenes } from '../../src/data.ts';
import { readNpy } from '../../src/formats.ts';
import { fit } from '../../src/index.ts';
import { saveCheckpoint } from '../../src/node.ts';
import { bagssl } from '../support/command-line.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-embed-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const engine = '--device native --threads 1 --workers 1 --json'.split(' ');
const embed = (args: readonly string[], onStart?: (pid: number) => unknown, patches = 'grid2') =>
  bagssl(['embed', '--data', 'builtin', '--model', at('run'), '--patches', patches, ...engine, ...args], { onStart });
const rows = async (file: string) => readNpy(await readFile(at(file)));

describe('bagssl embed', () => {
  before(async () => {
    const run = { ...SHORT_RUN, budget: { steps: 1 } };
    await using training = fit({ data: plainImages(), device: 'native', workers: 0, config: run });
    for await (const _ of training);
    await saveCheckpoint(at('run'), await training.checkpoint());
  });

  it('embeds in shards whose rows, one after the other, are the whole, bit for bit', async () => {
    const whole = await embed(['--images', '700', '--out', at('whole.npy')]);
    assert.equal(whole.code, 0, whole.stderr);
    const parts = [];
    for (const shard of ['1/2', '2/2']) {
      const result = await embed(['--images', '700', '--out', at('part.npy'), '--shard', shard]);
      assert.equal(result.code, 0, result.stderr);
      parts.push(JSON.parse(result.stdout));
    }
    assert.deepEqual(
      parts.map(({ images, out }) => [images, out]),
      [
        [256, at('part-00001-of-00002.npy')],
        [444, at('part-00002-of-00002.npy')],
      ],
    );
    const { data } = await rows('whole.npy');
    const found = await Promise.all(['part-00001-of-00002.npy', 'part-00002-of-00002.npy'].map(rows));
    assert.deepEqual(Float32Array.of(...found.flatMap((part) => Array.from(part.data as Float32Array))), data);
  });

  it('resumes a shard that was killed', async () => {
    const journal = at('killed-00001-of-00002.npy.part.json');
    const killer = async (pid: number) => {
      while (!(await stat(journal).catch(() => undefined))) await new Promise((done) => setTimeout(done, 2));
      process.kill(pid, 'SIGKILL');
    };
    const run = (out: string, onStart?: typeof killer) =>
      embed(['--images', '5000', '--shard', '1/2', '--feature', 'embedding', '--out', at(out)], onStart, 'grid6');
    assert.equal((await run('killed.npy', killer)).code, null);
    const result = await run('killed.npy');
    assert.equal(result.code, 0, result.stderr);
    const { images, resumed } = JSON.parse(result.stdout);
    assert.ok(resumed > 0 && resumed < images && resumed % 256 === 0, `${resumed} of ${images}`);
    assert.equal((await run('alone.npy')).code, 0);
    assert.deepEqual(await rows('killed-00001-of-00002.npy'), await rows('alone-00001-of-00002.npy'));
    assert.ok(!(await readdir(folder)).some((name) => name.includes('.part')));
  });

  it('writes Parquet with ids, classes and vectors', async () => {
    const out = at('vectors.parquet');
    for (const file of [out, at('vectors.npy')]) {
      const result = await embed(['--images', '300', '--out', file]);
      assert.equal(result.code, 0, result.stderr);
    }
    const bytes = await readFile(out);
    const table = await parquetReadObjects({ file: new Uint8Array(bytes).buffer });
    const { data, shape } = await rows('vectors.npy');
    const { classes, labels } = builtinScenes();
    assert.equal(table.length, 300);
    for (const k of [0, 255, 256, 299]) {
      const { id, class: name, vector, ...others } = table[k];
      assert.deepEqual([id, name, others], [k, classes![labels![k]], {}]);
      assert.deepEqual(Float32Array.from(vector), data.slice(k * shape[1], (k + 1) * shape[1]));
    }
  });

  it('refuses a shard that does not exist, a file of another kind, and an existing file', async () => {
    for (const [given, words] of [
      [['--out', at('x.npy'), '--shard', '3/2'], /The shard is "3\/2"/],
      [['--out', at('x.npy'), '--shard', '1/3', '--images', '300'], /no shard 1\/3 of 300 images.*1 to 2/],
      [['--out', at('x.csv')], /\.npy or \.parquet, got ".*x\.csv"/],
      [['--out', at('whole.npy')], /whole\.npy" already exists.*--overwrite/],
    ] as const) {
      const result = await embed(given);
      assert.equal(result.code, 2, result.stderr);
      assert.match(result.stderr, words);
    }
    assert.equal((await embed(['--images', '5', '--out', at('whole.npy'), '--overwrite'])).code, 0);
    assert.deepEqual((await rows('whole.npy')).shape, [5, 32]);
  });
});
