import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cosine, findDuplicates, SearchIndex } from '../../src/embed.ts';
import type { BagsslError } from '../../src/index.ts';
import { randoms } from '../support/random.ts';

const WIDTH = 24;
const near = (a: Float32Array, seed: number, far: number) => a.map((value, i) => value + far * randoms(seed, WIDTH)[i]);

/** The groups by comparing every pair, and joining what is linked. */
function expected(vectors: ReadonlyMap<number, Float32Array>, threshold: number): number[][] {
  const group = new Map([...vectors.keys()].map((id) => [id, id]));
  const ids = [...vectors.keys()];
  for (const a of ids) {
    for (const b of ids) {
      if (a >= b || cosine(vectors.get(a)!, vectors.get(b)!) < threshold) continue;
      const [from, to] = [group.get(b)!, group.get(a)!];
      for (const [id, now] of group) if (now === from) group.set(id, to);
    }
  }
  const groups = ids.map((root) => ids.filter((id) => group.get(id) === root)).filter(({ length }) => length > 1);
  return groups.map((one) => one.sort((a, b) => a - b)).sort(([a], [b]) => a - b);
}

describe('duplicates', () => {
  it('are the groups that comparing every pair finds', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(8), fc.nat(1000)), { maxLength: 40 }), (copies) => {
        const index = new SearchIndex<number>(WIDTH);
        const vectors = new Map<number, Float32Array>();
        copies.forEach(([original, seed], id) => {
          const vector = near(randoms(original, WIDTH), seed, (seed % 10) / 20);
          index.add(id, vector);
          vectors.set(id, vector);
        });
        const found = findDuplicates(index, { threshold: 0.9 });
        for (let i = 1; i < found.length; i++) assert.ok(found[i].similarity <= found[i - 1].similarity);
        const groups = found.map(({ ids }) => [...ids].sort((a, b) => a - b)).sort(([a], [b]) => a - b);
        assert.deepEqual(groups, expected(vectors, 0.9));
      }),
    ));

  it('name the weakest link of a chain', () => {
    const index = new SearchIndex<string>(2);
    const at = (degrees: number) =>
      Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
    for (const [id, degrees] of [
      ['a', 0],
      ['b', 10],
      ['c', 25],
      ['d', 90],
    ] as const)
      index.add(id, at(degrees));
    const [{ ids, similarity }, ...others] = findDuplicates(index, { threshold: 0.95 });
    assert.deepEqual(ids, ['a', 'b', 'c']);
    assert.ok(Math.abs(similarity - Math.cos((15 * Math.PI) / 180)) < 1e-6);
    assert.deepEqual(others, []);
  });

  it('leave out images without a direction, and refuse a threshold that no cosine has', () => {
    const index = new SearchIndex<string>(3);
    assert.deepEqual(findDuplicates(index), []);
    for (const id of ['a', 'b']) index.add(id, new Float32Array(3));
    assert.deepEqual(findDuplicates(index, { threshold: 0 }), []);
    const refused = ({ code, message }: BagsslError) => code === 'bad-argument' && /threshold.*got 95/.test(message);
    assert.throws(() => findDuplicates(index, { threshold: 95 }), refused);
  });
});
