import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { writeSafetensors } from '../../src/formats.ts';
import { type BagsslError, cosine, SearchIndex } from '../../src/index.ts';
import { randoms } from '../support/random.ts';

const refused = (code: string, words: RegExp) => (error: BagsslError) =>
  error.code === code && words.test(error.message);
const WIDTH = 5;
const vector = (seed: number) => randoms(seed, WIDTH);

describe('a search index', () => {
  it('finds what sorting all cosines finds, after any additions and removals, also once saved and loaded', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 30 }), fc.nat(1000)), { maxLength: 80 }),
        fc.integer({ min: 1, max: 40 }),
        (changes, k) => {
          const index = new SearchIndex(WIDTH);
          const expected = new Map<string, Float32Array>();
          for (const [add, id, seed] of changes) {
            if (add) {
              index.add(`${id}`, vector(seed));
              expected.set(`${id}`, vector(seed));
            } else assert.equal(index.remove(`${id}`), expected.delete(`${id}`));
          }
          assert.equal(index.size, expected.size);
          const query = vector(2000);
          const all = [...expected].map(([id, v]) => ({ id, similarity: cosine(v, query) }));
          all.sort((a, b) => b.similarity - a.similarity);
          for (const one of [index, SearchIndex.load(index.save())]) {
            const found = one.search(query, k);
            assert.equal(found.length, Math.min(k, all.length));
            found.forEach(({ id, similarity }, i) => {
              assert.ok(Math.abs(similarity - all[i].similarity) < 1e-5);
              assert.ok(Math.abs(cosine(expected.get(id)!, query) - similarity) < 1e-5);
            });
          }
        },
      ),
    ));

  it('keeps the type of its names, also once saved and loaded', () => {
    const index = new SearchIndex<string | number>(2);
    index.add(1, Float32Array.of(1, 0));
    index.add('1', Float32Array.of(0, 1));
    index.add(-2.5, Float32Array.of(-1, 0));
    const loaded = SearchIndex.load<string | number>(index.save());
    for (const one of [index, loaded]) {
      assert.deepEqual(
        one.search(Float32Array.of(3, 1)).map(({ id }) => id),
        [1, '1', -2.5],
      );
      assert.deepEqual([one.vector('1'), one.vector(2)], [Float32Array.of(0, 1), undefined]);
    }
    for (const id of [Number.NaN, Infinity, -0, undefined, null, {}, true]) {
      assert.throws(() => index.add(id as string, vector(1).subarray(0, 2)), refused('bad-argument', /^id is /));
    }
    assert.equal(index.size, 3);
  });

  it('holds vectors of zeros, which are similar to nothing', () => {
    const index = new SearchIndex(2);
    index.add('nothing', new Float32Array(2));
    index.add('right', Float32Array.of(3, 0));
    index.add('left', Float32Array.of(-1, 0));
    assert.deepEqual(index.search(Float32Array.of(2, 0)), [
      { id: 'right', similarity: 1 },
      { id: 'nothing', similarity: 0 },
      { id: 'left', similarity: -1 },
    ]);
    assert.ok(index.has('left') && !index.has('up'));
  });

  it('refuses vectors of another model, numbers that are not finite, and files that are not an index', () => {
    const index = new SearchIndex(WIDTH);
    assert.throws(() => index.add('a', new Float32Array(4)), refused('shape-mismatch', /5 dimensions.*"a" has 4/));
    assert.throws(() => index.search(new Float32Array(6)), refused('shape-mismatch', /the query has 6/));
    assert.throws(
      () => index.add('a', Float32Array.of(1, 2, Number.NaN, 0, 0)),
      refused('bad-data', /"a" is not finite/),
    );
    assert.throws(() => index.search(vector(1), 0), refused('bad-argument', /k is 0/));
    assert.throws(() => new SearchIndex(0), refused('bad-argument', /width is 0/));
    assert.deepEqual(index.search(vector(1)), []);
    const ids = { 'bagssl.ids': '["a","b"]' };
    const vectors = { vectors: { dtype: 'F32' as const, shape: [1, 2], data: new Float32Array(2) } };
    for (const file of [writeSafetensors(vectors, ids), writeSafetensors(vectors), writeSafetensors({}, ids)]) {
      assert.throws(() => SearchIndex.load(file), refused('bad-checkpoint', /no search index/));
    }
  });
});
