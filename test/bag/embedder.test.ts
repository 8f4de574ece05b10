import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import sharp from 'sharp';
import { BagMean, FEATURES, type PatchBox } from '../../src/embed.ts';
import { type Bag, BagsslError, cosine, type Embedder, type EmbedOptions } from '../../src/index.ts';
import type { Pixels } from '../../src/patches.ts';
import { Program } from '../../src/runtime/program.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
const base = {
  model: config.model,
  recipe: config.recipe,
  weights: initialWeights(config),
  threads: 1,
  workers: 1,
} as const;

async function bags(embedder: Embedder, images = plainImages(), options: EmbedOptions = {}): Promise<Bag[]> {
  const all: Bag[] = [];
  for await (const bag of embedder.bags(images, options)) all.push(bag);
  return all;
}

/** Pixels as sharp takes them. */
function interleaved({ data, width, height }: Pixels): Uint8Array {
  const plane = width * height;
  return Uint8Array.from({ length: 3 * plane }, (_, i) => data[(i % 3) * plane + Math.floor(i / 3)]);
}

describe('the bag', () => {
  it('is the plain mean, whatever the order', () =>
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ noNaN: true, min: -100, max: 100 }), { minLength: 3, maxLength: 3 }), {
          minLength: 1,
          maxLength: 40,
        }),
        (rows) => {
          const mean = (list: number[][]) => {
            const bag = new BagMean(3);
            for (const row of list) bag.add(Float32Array.from(row));
            return bag.mean();
          };
          const expected = [0, 1, 2].map((i) => rows.reduce((s, row) => s + Math.fround(row[i]), 0) / rows.length);
          assert.ok(mean(rows).every((v, i) => Math.abs(v - expected[i]) < 1e-4));
          assert.ok(relativeError(mean(rows.toReversed()), mean(rows)) < 1e-6);
        },
      ),
    ));

  it('is Σ w·v / Σ w; equal weights change nothing, and vectors of length 1 make the mean’s length at most 1', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(10_000), fc.double({ min: 0, max: 10, noNaN: true })), {
          minLength: 1,
          maxLength: 30,
        }),
        (patches) => {
          const [plain, equal, weighed, unit] = [{}, {}, {}, { unitPatches: true }].map((o) => new BagMean(4, o));
          const expected = new Float64Array(4);
          let total = 1;
          weighed.add(new Float32Array(4));
          for (const [seed, weight] of patches) {
            const vector = randoms(seed, 4);
            plain.add(vector);
            equal.add(vector, 0, 3);
            weighed.add(vector, 0, weight);
            unit.add(vector);
            total += weight;
            vector.forEach((v, i) => {
              expected[i] += weight * v;
            });
          }
          assert.ok(relativeError(equal.mean(), plain.mean()) < 1e-6);
          weighed.mean().forEach((v, i) => {
            assert.ok(Math.abs(v - expected[i] / total) < 1e-5);
          });
          assert.ok(Math.hypot(...unit.mean()) <= 1 + 1e-6);
        },
      ),
    ));

  it('refuses a vector that ends too early', () =>
    assert.throws(
      () => new BagMean(4).add(new Float32Array(7), 4),
      (error: BagsslError) => error.code === 'shape-mismatch' && /4 dimensions, but 3/.test(error.message),
    ));

  it('without patches has no representation', () => {
    assert.throws(
      () => new BagMean(4).mean(),
      (error: BagsslError) => error.code === 'bad-data',
    );
  });

  it('of an image is the mean of its kept patches, in order of the images, for every feature', async () => {
    for (const feature of FEATURES) {
      const embedder = await openEmbedder({ ...base, device: 'native', feature });
      const all = await bags(embedder, plainImages(7), { placement: { kind: 'grid', across: 3 }, keepPatches: true });
      await embedder.dispose();
      assert.deepEqual(
        all.map(({ index }) => index),
        [0, 1, 2, 3, 4, 5, 6],
      );
      for (const { vector, patches, count } of all) {
        assert.equal(vector.length, embedder.width);
        assert.equal(count, 9);
        const mean = new BagMean(embedder.width);
        for (let row = 0; row < 9; row++) mean.add(patches!.vectors.data, row * embedder.width);
        assert.deepEqual(mean.mean(), vector);
      }
      assert.deepEqual(all[0].patches!.boxes[8].x, 8);
    }
  });

  it('does not depend on which images are embedded with it', async () => {
    const embedder = await openEmbedder({ ...base, device: 'native' });
    const options: EmbedOptions = { placement: { kind: 'all' } };
    const many = await bags(embedder, plainImages(24), options);
    const one = await bags(embedder, { name: 'one', length: 1, image: () => plainImages().image(17) }, options);
    await embedder.dispose();
    assert.equal(many[17].count, 81);
    assert.ok(relativeError(one[0].vector, many[17].vector) < 1e-5);
  });

  it('is the same on wasm as on native, to 1e-4', async () => {
    const vectors = [];
    for (const device of ['native', 'wasm'] as const) {
      const embedder = await openEmbedder({ ...base, device });
      vectors.push((await embedder.matrix(plainImages())).data);
      await embedder.dispose();
    }
    assert.ok(relativeError(vectors[1], vectors[0]) < 1e-4);
  });

  it('takes images in any form, one by one or as they come, with memory for a few of them', async () => {
    await using embedder = await openEmbedder({ ...base, device: 'native' });
    const set = plainImages(5, 20);
    const pixels = await set.image(3);
    const png = await sharp(interleaved(pixels), { raw: { width: 20, height: 20, channels: 3 } })
      .png()
      .toBuffer();
    const file = join(await mkdtemp(join(tmpdir(), 'bagssl-embed-')), 'a b.png');
    await writeFile(file, png);
    const expected = (await bags(embedder, set))[3].vector;
    const { width, height } = pixels;
    const rgb = interleaved(pixels);
    const rgba = Uint8ClampedArray.from({ length: 1600 }, (_, i) => (i % 4 < 3 ? rgb[3 * (i >> 2) + (i % 4)] : 255));
    const inMemory = [pixels, { data: rgb, width, height }, { data: rgba, width, height }];
    const encoded = [png, png.buffer.slice(png.byteOffset, png.byteOffset + png.length) as ArrayBuffer];
    const files = [new Blob([png]), new File([png], 'a.png'), file, pathToFileURL(file), pathToFileURL(file).href];
    for (const image of [...inMemory, ...encoded, ...files]) {
      assert.ok(relativeError(await embedder.embed(image), expected) < 1e-6);
    }
    await rm(file);
    await assert.rejects(embedder.embed(file), (error: BagsslError) => error.code === 'bad-data');
    const short = { data: rgb.subarray(1), width, height };
    await assert.rejects(
      embedder.embed(short),
      /data are 1199 bytes; 20×20 pixels are 1600 bytes of rgba, 1200 of rgb, or 400/,
    );
    await assert.rejects(embedder.embed(new Float32Array(1200) as never), /pixels \(\{ data, width, height \}\)/);
    let made = 0;
    const endless = async function* () {
      for (;;) {
        made++;
        yield pixels;
      }
    };
    const options: EmbedOptions = { placement: { kind: 'grid', across: 16 } };
    for await (const { index } of embedder.bags(endless(), options)) if (index === 20) break;
    assert.ok(made < 60, `${made} images were read for 21 bags`);
  });

  it('skips images that cannot be read where it is told to, and keeps the places of the others', async () => {
    const embedder = await openEmbedder({ ...base, device: 'native' });
    const all = plainImages(12);
    const gone = [0, 4, 5, 11];
    const image = (index: number) => {
      if (gone.includes(index)) throw new BagsslError('bad-data', `${index}.jpg: empty.`);
      return all.image(index);
    };
    const placement = { kind: 'grid', across: 2 } as const;
    const expected = await bags(embedder, all, { placement });
    const told: [number, string][] = [];
    const onError = (error: BagsslError, index: number) => told.push([index, error.message]);
    const found = await bags(embedder, { ...all, image }, { placement, onError });
    assert.deepEqual(
      found.map(({ index }) => index),
      [1, 2, 3, 6, 7, 8, 9, 10],
    );
    for (const { index, vector } of found) assert.ok(relativeError(vector, expected[index].vector) < 1e-5);
    assert.deepEqual(
      told,
      gone.map((index) => [index, `${index}.jpg: empty.`]),
    );
    const { rows, data } = await embedder.matrix({ ...all, image }, { placement, onError: 'skip' });
    assert.deepEqual([rows, data.length], [8, 8 * embedder.width]);
    await assert.rejects(bags(embedder, { ...all, image }, { placement }), { message: '0.jpg: empty.' });
    // One image is not many: there is nothing to go on with.
    await assert.rejects(embedder.bag(new Uint8Array([1]), { onError: 'skip' }), { code: 'bad-data' });
    await embedder.dispose();
  });

  it('is weighed, normalised and of several scales as asked, beside the whole image', async () => {
    await using embedder = await openEmbedder({ ...base, device: 'native' });
    const image = await plainImages(3, 20).image(1);
    const placement = { kind: 'grid', across: 3, scales: [0.2, 0.5] } as const;
    const { patches, count, whole } = await embedder.bag(image, { placement, keepPatches: true, whole: true });
    assert.equal(count, 18);
    assert.deepEqual([patches!.boxes[0].width, patches!.boxes[9].width], [9, 14]);
    const alone = await embedder.embed(image, { placement: { kind: 'grid', across: 1, scales: [1] } });
    assert.ok(relativeError(whole!, alone) < 1e-6);
    const weigh = ({ x, width }: PatchBox) => (x + width / 2 < 10 ? 0 : 2);
    for (const request of [{ unitPatches: true }, { unit: true }, { unitPatches: true, unit: true, weigh }]) {
      const mean = new BagMean(embedder.width, { unitPatches: request.unitPatches, unit: request.unit });
      patches!.boxes.forEach((box, row) => {
        mean.add(patches!.vectors.data, row * embedder.width, 'weigh' in request ? weigh(box) : 1);
      });
      assert.ok(relativeError(await embedder.embed(image, { placement, ...request }), mean.mean()) < 1e-6);
    }
    const likeness = cosine(whole!, await embedder.embed(image, { placement }));
    assert.ok(likeness > 0 && likeness < 1);
    for (const [weight, code] of [
      [0, 'bad-data'],
      [-1, 'bad-argument'],
      [Number.NaN, 'bad-argument'],
    ] as const) {
      await assert.rejects(
        embedder.embed(image, { placement, weigh: () => weight }),
        (error: BagsslError) => error.code === code && error.message.includes(`${weight}`),
      );
    }
  });

  it('enlarges images smaller than a patch, refuses what is no image, and stops when told', async () => {
    await using embedder = await openEmbedder({ ...base, device: 'native' });
    const dot = { data: Uint8Array.of(9, 99, 199), width: 1, height: 1, layout: 'rgb' } as const;
    assert.equal((await embedder.bag(dot)).count, 25);
    for (const bad of [{ ...dot, width: 2 }, 7, null, Uint8Array.of(1, 2), new Uint8Array()]) {
      await assert.rejects(embedder.embed(bad as never), (error: BagsslError) =>
        /^bad-(data|argument)$/.test(error.code),
      );
    }
    await assert.rejects(bags(embedder, dot as never), (error: BagsslError) => error.code === 'bad-argument');
    assert.deepEqual(await bags(embedder, [] as never), []);
    const stop = new AbortController();
    const seen: number[] = [];
    await assert.rejects(
      async () => {
        for await (const { index } of embedder.bags(plainImages(), { signal: stop.signal })) {
          seen.push(index);
          if (index === 4) stop.abort();
        }
      },
      (error: BagsslError) => error.code === 'aborted' && error.message.includes('5 images'),
    );
    assert.deepEqual(seen, [0, 1, 2, 3, 4]);
  });

  it('is made with the moving average of the weights where a run kept one', async () => {
    const other = initialWeights({ ...config, seed: 99 });
    const averages = Object.fromEntries(Object.entries(other).map(([name, data]) => [`average.${name}`, data]));
    const vectors = [];
    for (const weights of [other, { ...base.weights, ...averages }, base.weights]) {
      const embedder = await openEmbedder({ ...base, device: 'native', weights });
      vectors.push((await embedder.matrix(plainImages(3))).data);
      await embedder.dispose();
    }
    assert.deepEqual(vectors[1], vectors[0]);
    assert.notDeepEqual(vectors[2], vectors[0]);
  });

  it('refuses weights that are not this model’s, and vectors that are not numbers', async () => {
    const { 'encoder.1.conv.weight': _, ...incomplete } = base.weights;
    await assert.rejects(
      openEmbedder({ ...base, device: 'native', weights: incomplete }),
      (error: BagsslError) => error.code === 'bad-checkpoint' && error.message.includes('encoder.1.conv.weight'),
    );
    const damaged = {
      ...base.weights,
      'encoder.0.conv.weight': base.weights['encoder.0.conv.weight'].map(() => Number.NaN),
    };
    const embedder = await openEmbedder({ ...base, device: 'native', weights: damaged });
    await assert.rejects(bags(embedder), (error: BagsslError) => error.code === 'bad-model');
    await embedder.dispose();
  });

  it('frees its program if the workers that cut patches cannot start, and if it is stopped meanwhile', async () => {
    const free = Program.prototype.dispose;
    let freed = 0;
    let inform = () => {};
    const told = new Promise<void>((resolve) => {
      inform = resolve;
    });
    Program.prototype.dispose = function () {
      if (++freed === 2) inform();
      return free.call(this);
    };
    try {
      await assert.rejects(
        openEmbedder({ ...base, device: 'native', workers: 1, workerUrl: 'file:///nowhere.js' }),
        (error: BagsslError) => error.code === 'worker-failed',
      );
      assert.equal(freed, 1);
      const stop = new AbortController();
      const opening = openEmbedder({ ...base, device: 'native', signal: stop.signal });
      stop.abort('enough');
      await assert.rejects(opening, (error: BagsslError) => error.code === 'aborted' && error.cause === 'enough');
      assert.equal(freed, 1);
      await told; // what was on its way is freed when it comes
      await assert.rejects(
        openEmbedder({ ...base, signal: AbortSignal.abort() }),
        (error: BagsslError) => error.code === 'aborted',
      );
    } finally {
      Program.prototype.dispose = free;
    }
  });
});
