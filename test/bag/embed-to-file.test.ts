import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { ImageSet } from '../../src/data.ts';
import { Whitening } from '../../src/embed.ts';
import { readNpy } from '../../src/formats.ts';
import { BagsslError, type Embedder } from '../../src/index.ts';
import { embedToFile } from '../../src/node.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-vectors-'));
after(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const options = { model: config.model, recipe: config.recipe, device: 'native', threads: 1, workers: 0 } as const;
const placement = { kind: 'grid', across: 2 } as const;
/** Three blocks. */
const images = plainImages(600);

const withEmbedder = async <T>(use: (embedder: Embedder) => Promise<T>, seed = config.seed): Promise<T> => {
  const embedder = await openEmbedder({ ...options, weights: initialWeights({ ...config, seed }) });
  try {
    return await use(embedder);
  } finally {
    await embedder.dispose();
  }
};

/** The set, of which image `last` cannot be had. */
const upTo = (last: number): ImageSet => ({
  ...images,
  image(index) {
    if (index === last) throw new Error(`image ${last} is gone`);
    return images.image(index);
  },
});

describe('embedding to a file', () => {
  it('writes the matrix, and resumes from whole blocks where a call ended, however torn', async () => {
    await withEmbedder(async (embedder) => {
      const whole = await embedder.matrix(images, { placement });
      const made = await embedToFile(embedder, images, at('whole.npy'), { placement });
      assert.deepEqual(made, { rows: 600, resumed: 0, skipped: [] });
      assert.deepEqual(
        JSON.parse(await readFile(at('whole.ids.json'), 'utf8')),
        Array.from({ length: 600 }, (_, id) => id),
      );
      const bytes = await readFile(at('whole.npy'));
      assert.deepEqual(readNpy(bytes), { descr: '<f4', shape: [600, 32], data: whole.data });

      const file = at('torn.npy');
      await assert.rejects(embedToFile(embedder, upTo(520), file, { placement }), /image 520 is gone/);
      await assert.rejects(stat(file), /ENOENT/);
      // What was written after the last whole block is of no use, whatever it is.
      await writeFile(`${file}.part`, new Uint8Array(1000).fill(7), { flag: 'a' });
      const asked: number[] = [];
      const rest: ImageSet = {
        ...images,
        image(index) {
          asked.push(index);
          return images.image(index);
        },
      };
      const found = await embedToFile(embedder, rest, file, { placement });
      assert.deepEqual(found, { rows: 600, resumed: 512, skipped: [] });
      assert.equal(Math.min(...asked), 512);
      assert.deepEqual(await readFile(file), bytes);
      assert.deepEqual((await readdir(folder)).sort(), ['torn.ids.json', 'torn.npy', 'whole.ids.json', 'whole.npy']);
    });
  });

  it('leaves out what cannot be read, names it and the rows, and resumes to the same bits', async () => {
    // The first and last of a block, two in turn, and the last of all; then a whole block.
    const some = [0, 255, 256, 300, 301, 599];
    const block = Array.from({ length: 256 }, (_, k) => 256 + k);
    for (const gone of [some, [...block, 599]]) {
      const fault = (index: number) => new BagsslError('bad-data', `${index}.jpg: the file is empty.`);
      let last = 600;
      const damaged: ImageSet = {
        ...images,
        files: Array.from({ length: 600 }, (_, index) => `a/${index}.jpg`),
        image(index) {
          if (index === last) throw new Error('the power fails');
          if (gone.includes(index)) throw fault(index);
          return images.image(index);
        },
      };
      await withEmbedder(async (embedder) => {
        const expected = await embedder.matrix(damaged, { placement, onError: 'skip' });
        assert.equal(expected.rows, 600 - gone.length);
        const file = at('damaged.npy');
        last = 590;
        await assert.rejects(embedToFile(embedder, damaged, file, { placement }), /the power fails/);
        last = 600;
        const { rows, resumed, skipped } = await embedToFile(embedder, damaged, file, { placement });
        const before = gone.filter((index) => index < 512);
        assert.deepEqual([rows, resumed], [expected.rows, 512 - before.length]);
        const named = gone.map((index) => ({ index, reason: fault(index).message }));
        assert.deepEqual(skipped, named);
        const { data, shape } = readNpy(await readFile(file));
        assert.deepEqual([shape, data], [[rows, 32], expected.data]);
        const ids: string[] = JSON.parse(await readFile(at('damaged.ids.json'), 'utf8'));
        assert.deepEqual(
          ids,
          damaged.files!.filter((_, index) => !gone.includes(index)),
        );
      });
    }
    const none = { ...images, image: () => Promise.reject(new BagsslError('bad-data', 'gone.')) };
    await withEmbedder(async (embedder) => {
      const nothing = embedToFile(embedder, none, at('none.npy'), { placement });
      await assert.rejects(nothing, (error: BagsslError) =>
        /none of its 600 images can be read \(gone/.test(error.message),
      );
    });
  });

  it('starts over if the file is of another run, or shorter than it says', async () => {
    const file = at('other.npy');
    const begin = () => withEmbedder((embedder) => embedToFile(embedder, upTo(300), file, { placement }));
    await assert.rejects(begin(), /image 300/);
    const other = await withEmbedder((embedder) => embedToFile(embedder, images, file, { placement }), 5);
    assert.equal(other.resumed, 0);
    await assert.rejects(begin(), /image 300/);
    await truncate(`${file}.part`, 200);
    const again = await withEmbedder((embedder) => embedToFile(embedder, images, file, { placement }));
    assert.equal(again.resumed, 0);
    await assert.rejects(begin(), /image 300/);
    const elsewhere = { kind: 'grid', across: 1 } as const;
    const moved = await withEmbedder((embedder) => embedToFile(embedder, images, file, { placement: elsewhere }));
    assert.equal(moved.resumed, 0);
  });

  it('never mixes whitened rows with plain ones', async () => {
    const file = at('white.npy');
    const parts = { ...options, weights: initialWeights(config) };
    const plain = await openEmbedder(parts);
    await assert.rejects(embedToFile(plain, upTo(300), file, { placement }), /image 300/);
    await plain.dispose();
    const whitening = new Whitening(
      new Float32Array(32),
      Float32Array.from({ length: 32 * 32 }, (_, i) => (i % 33 ? 0 : 2)),
    );
    const white = await openEmbedder({ ...parts, whitening });
    assert.equal((await embedToFile(white, images, file, { placement })).resumed, 0);
    const { data } = readNpy(await readFile(file));
    assert.deepEqual(data, (await white.matrix(images, { placement })).data);
    await white.dispose();
  });

  it('says what is kept when it is aborted, and where it cannot write', async () => {
    await withEmbedder(async (embedder) => {
      const controller = new AbortController();
      const onProgress = (done: number) => {
        if (done >= 256) controller.abort();
      };
      await assert.rejects(
        embedToFile(embedder, images, at('aborted.npy'), { placement, signal: controller.signal, onProgress }),
        (error: BagsslError) => error.code === 'aborted' && /256 of 600 images are done/.test(error.message),
      );
      const found = await embedToFile(embedder, images, at('aborted.npy'), { placement });
      assert.equal(found.resumed, 256);
      await assert.rejects(
        embedToFile(embedder, images, at('nowhere/x.npy'), { placement }),
        (error: BagsslError) => error.code === 'not-saved' && /nowhere/.test(error.message),
      );
    });
  });
});
