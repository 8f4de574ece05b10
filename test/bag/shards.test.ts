import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { BLOCK, partOf, shardRange } from '../../src/data/subset.ts';
import { parseShard } from '../../src/data.ts';
import type { BagsslError } from '../../src/index.ts';
import { openData } from '../../src/node.ts';
import type { PatchPool, Placement } from '../../src/patches.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });

describe('shards', () => {
  it('are whole blocks, and one after the other all images', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 20 }), (length, wanted) => {
        const count = Math.min(wanted, Math.ceil(length / BLOCK));
        const ranges = Array.from({ length: count }, (_, k) => shardRange({ index: k + 1, count }, length));
        assert.equal(ranges[0][0], 0);
        assert.equal(ranges.at(-1)![1], length);
        ranges.forEach(([from, to], k) => {
          assert.ok(from < to && from % BLOCK === 0);
          if (k > 0) assert.equal(from, ranges[k - 1][1]);
        });
      }),
    ));

  it('are refused with their value where there is none of that name', async () => {
    for (const text of ['0/4', '5/4', '1', '1/0', '-1/2', '1.5/2', 'a/b', '1/2/3', '']) {
      assert.throws(
        () => parseShard(text),
        (error: BagsslError) => error.code === 'bad-argument' && error.message.includes(`"${text}"`),
      );
    }
    assert.deepEqual(parseShard(' 3/8 '), { index: 3, count: 8 });
    await assert.rejects(
      openData('builtin', { limit: 300, shard: { index: 1, count: 3 } }),
      (error: BagsslError) => error.code === 'bad-argument' && /1\/3 of 300 images.*1 to 2 shards/.test(error.message),
    );
  });

  it('of a folder are its files in order, with the names the whole gives', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bagssl-shards-'));
    const png = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'teal' } })
      .png()
      .toBuffer();
    for (let k = 0; k < 300; k++) await writeFile(join(folder, `${1000 + k}.png`), k === 7 ? 'text' : png);
    const whole = await openData(folder);
    const parts = await Promise.all([1, 2].map((index) => openData(folder, { shard: { index, count: 2 } })));
    await rm(folder, { recursive: true });
    assert.deepEqual([whole.length, parts[0].length, parts[1].length], [299, 256, 43]);
    const all = (key: 'ids' | 'files') => parts.flatMap((part) => Array.from<string | number>(part[key]!));
    assert.deepEqual(all('ids'), Array.from(whole.ids!));
    assert.deepEqual(all('files'), whole.files);
    assert.deepEqual([whole.files![7], whole.ids![7]], ['1008.png', 7]);
  });

  const placements: Placement[] = [
    { kind: 'grid', across: 2 },
    { kind: 'random', count: 3, seed: 5 },
    { kind: 'tiles', overlap: 0 },
  ];
  for (const device of ['native', 'wasm'] as const) {
    it(`have the bits of the whole, whatever the number of workers, on ${device}`, async () => {
      const images = plainImages(600);
      const options = {
        model: config.model,
        recipe: config.recipe,
        weights: initialWeights(config),
        device,
        threads: 1,
      };
      for (const placement of placements) {
        const whole = await openEmbedder({ ...options, workers: 0 });
        const expected = await whole.matrix(images, { placement });
        await whole.dispose();
        const parts = await openEmbedder({ ...options, workers: 2 });
        for (const index of [1, 2, 3]) {
          const [from, to] = shardRange({ index, count: 3 }, images.length);
          const { data } = await parts.matrix(partOf(images, from, to), { placement });
          assert.deepEqual(data, expected.data.slice(from * expected.columns, to * expected.columns));
        }
        await parts.dispose();
      }
    });
  }

  it('compute together what the whole computes together: no job reaches across a block', async () => {
    const options = { model: config.model, recipe: config.recipe, weights: initialWeights(config) } as const;
    const embedder = await openEmbedder({ ...options, device: 'native', threads: 1, workers: 0 });
    // Engines rarely round a row otherwise beside others, so what stands together is looked at itself.
    const jobs: number[][] = [];
    const { pool } = (embedder as unknown as { maker: { pool: PatchPool } }).maker;
    const cut = pool.cut.bind(pool);
    pool.cut = (job, more) => {
      jobs.push(job.images.map(({ id }) => id));
      return cut(job, more);
    };
    const images = plainImages(600);
    for (const placement of placements) {
      await embedder.matrix(images, { placement });
      const whole = jobs.splice(0);
      assert.ok(whole.every((ids) => Math.floor(ids[0] / BLOCK) === Math.floor(ids.at(-1)! / BLOCK)));
      assert.ok(whole.length < 20, `${whole.length} jobs`);
      for (const index of [1, 2, 3])
        await embedder.matrix(partOf(images, ...shardRange({ index, count: 3 }, 600)), { placement });
      assert.deepEqual(jobs.splice(0), whole);
    }
    await embedder.dispose();
  });
});
