import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Pixels } from '../../src/base/pixels.ts';
import { type BuiltinScenesOptions, builtinScenes } from '../../src/data/builtin-scenes.ts';
import type { ImageSet } from '../../src/data/image-set.ts';

const bytes = (set: ImageSet, index: number) => Buffer.from((set.image(index) as Pixels).data);

function digest(options: BuiltinScenesOptions): string {
  const set = builtinScenes(options);
  const hash = createHash('sha256');
  for (let i = 0; i < 20; i++) hash.update(bytes(set, i));
  return hash.digest('hex');
}

describe('builtin scenes', () => {
  // These change only with a new version: reported accuracies rest on them.
  it('never change', () => {
    assert.equal(digest({}), '9012139778aa8077c34c9d60d8d265179905d200dae23f8078de0c0e7627f540');
    assert.equal(digest({ split: 'test' }), 'fc6039ba607da1706b7c509fe2f6be5decad10e6c849447ab2d70c15f36baee7');
  });

  it('do not depend on the order in which they are asked for, nor on how many there are', () => {
    const forward = builtinScenes();
    const backward = builtinScenes({ count: 12 });
    for (let i = 11; i >= 0; i--) bytes(backward, i);
    for (let i = 0; i < 12; i++) assert.deepEqual(bytes(forward, i), bytes(backward, i));
  });

  it('are all different, also between seeds and between train and test', () => {
    const sets = [{}, { split: 'test' as const }, { seed: 1 }].map(builtinScenes);
    const seen = new Set(sets.flatMap((set) => Array.from({ length: 50 }, (_, i) => bytes(set, i).toString('hex'))));
    assert.equal(seen.size, 150);
  });

  it('have as many of each class, by default 500 and 100', () => {
    for (const [split, each] of [['train', 500] as const, ['test', 100] as const]) {
      const set = builtinScenes({ split });
      const counts = new Array(set.classes!.length).fill(0);
      for (const label of set.labels!) counts[label]++;
      assert.deepEqual(counts, new Array(10).fill(each));
      assert.equal(set.length, 10 * each);
    }
  });

  it('are planar pictures with contrast', () => {
    const set = builtinScenes();
    for (let i = 0; i < 100; i++) {
      const { data: pixels, width, height, layout } = set.image(i) as Pixels;
      const data = Array.from(pixels);
      assert.deepEqual([data.length, width, height, layout], [3072, 32, 32, 'planar']);
      const mean = data.reduce((a, b) => a + b, 0) / data.length;
      const deviation = Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length);
      assert.ok(deviation > 12 && mean > 15 && mean < 240, `scene ${i}: mean ${mean}, deviation ${deviation}`);
    }
  });

  it('cannot be told apart by mean colour', () => {
    // Nearest class mean of the mean colour: chance is 0.1.
    const colour = (set: ImageSet, i: number) => {
      const data = Array.from((set.image(i) as Pixels).data);
      return [0, 1, 2].map((c) => data.slice(c * 1024, (c + 1) * 1024).reduce((a, b) => a + b, 0) / 1024);
    };
    const train = builtinScenes({ count: 1000 });
    const means = Array.from({ length: 10 }, () => [0, 0, 0]);
    for (let i = 0; i < 1000; i++) {
      colour(train, i).forEach((v, c) => {
        means[train.labels![i]][c] += v / 100;
      });
    }
    const test = builtinScenes({ split: 'test', count: 500 });
    let hits = 0;
    for (let i = 0; i < 500; i++) {
      const own = colour(test, i);
      const distances = means.map((mean) => mean.reduce((sum, v, c) => sum + (v - own[c]) ** 2, 0));
      if (distances.indexOf(Math.min(...distances)) === test.labels![i]) hits++;
    }
    assert.ok(hits / 500 < 0.2, `${hits} of 500`);
  });

  it('refuses what makes no sense', () => {
    for (const options of [{ count: 0 }, { count: 1.5 }, { seed: -1 }, { split: 'val' as 'test' }]) {
      assert.throws(() => builtinScenes(options), { code: 'bad-argument' });
    }
  });
});
