import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Bag,
  BagMean,
  type BagsslError,
  Embedder,
  type EmbedOptions,
  FEATURES,
  initialWeights,
  runConfig,
} from '../../src/index.ts';
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

  it('without patches has no representation', () => {
    assert.throws(
      () => new BagMean(4).mean(),
      (error: BagsslError) => error.code === 'bad-data',
    );
  });

  it('of an image is the mean of its kept patches, in order of the images, for every feature', async () => {
    for (const feature of FEATURES) {
      const embedder = await Embedder.create({ ...base, device: 'native', feature });
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
    const embedder = await Embedder.create({ ...base, device: 'native' });
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
      const embedder = await Embedder.create({ ...base, device });
      vectors.push((await embedder.matrix(plainImages())).data);
      await embedder.dispose();
    }
    assert.ok(relativeError(vectors[1], vectors[0]) < 1e-4);
  });

  it('is made with the moving average of the weights where a run kept one', async () => {
    const other = initialWeights({ ...config, seed: 99 });
    const averages = Object.fromEntries(Object.entries(other).map(([name, data]) => [`average.${name}`, data]));
    const vectors = [];
    for (const weights of [other, { ...base.weights, ...averages }, base.weights]) {
      const embedder = await Embedder.create({ ...base, device: 'native', weights });
      vectors.push((await embedder.matrix(plainImages(3))).data);
      await embedder.dispose();
    }
    assert.deepEqual(vectors[1], vectors[0]);
    assert.notDeepEqual(vectors[2], vectors[0]);
  });

  it('refuses weights that are not this model’s, and vectors that are not numbers', async () => {
    const { 'encoder.1.conv.weight': _, ...incomplete } = base.weights;
    await assert.rejects(
      Embedder.create({ ...base, device: 'native', weights: incomplete }),
      (error: BagsslError) => error.code === 'bad-checkpoint' && error.message.includes('encoder.1.conv.weight'),
    );
    const damaged = {
      ...base.weights,
      'encoder.0.conv.weight': base.weights['encoder.0.conv.weight'].map(() => Number.NaN),
    };
    const embedder = await Embedder.create({ ...base, device: 'native', weights: damaged });
    await assert.rejects(bags(embedder), (error: BagsslError) => error.code === 'bad-model');
    await embedder.dispose();
  });
});
