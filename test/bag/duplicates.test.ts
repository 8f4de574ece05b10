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

describe('duplicates of a threshold', () => {
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

/** The default rule by its definition: components at every cosine that occurs, the largest that stand out first. */
function standingOut(vectors: readonly Float32Array[]): number[][] {
  const count = vectors.length;
  const cosines = vectors.map((a) => vectors.map((b) => cosine(a, b)));
  const pairs = cosines.flatMap((row, a) => row.flatMap((value, b) => (a < b ? [value] : [])));
  const mean = count < 20 ? 0 : Math.max(0, pairs.reduce((sum, value) => sum + value, 0) / pairs.length);
  const found: number[][] = [];
  for (const weakest of [...pairs].sort((a, b) => a - b)) {
    for (let first = 0; first < count; first++) {
      const group = new Set([first]);
      for (const row of group) cosines[row].forEach((value, other) => value >= weakest && group.add(other));
      if (group.size < 2 || Math.min(...group) < first || found.some((one) => one.includes(first))) continue;
      const rest = vectors.map((_, row) => row).filter((row) => !group.has(row));
      const nearest = Math.max(...[...group].flatMap((row) => rest.map((other) => cosines[row][other])));
      const fits = rest.length
        ? 1 - weakest <= Math.min(0.7 * (1 - nearest), 0.5 * (1 - mean))
        : weakest >= (count < 20 ? 0.5 : 0.85);
      if (fits) found.push([...group].sort((a, b) => a - b));
    }
  }
  return found.sort(([a], [b]) => a - b);
}

const indexOf = (vectors: readonly Float32Array[]) => {
  const index = new SearchIndex<number>(vectors[0]?.length ?? 1);
  vectors.forEach((vector, id) => index.add(id, vector));
  return index;
};
const groupsOf = (vectors: readonly Float32Array[]) =>
  findDuplicates(indexOf(vectors))
    .map(({ ids }) => [...ids])
    .sort(([a], [b]) => a - b);

describe('duplicates that stand out', () => {
  it('are the groups of the definition', () =>
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(12), fc.nat(1000)), { maxLength: 30 }),
        fc.constantFrom(0, 0.5, 2),
        (copies, common) => {
          const vectors = copies.map(([original, seed]) =>
            near(randoms(original, WIDTH), seed, (seed % 10) / 9).map((value) => value + common),
          );
          assert.deepEqual(groupsOf(vectors), standingOut(vectors));
        },
      ),
    ));

  // In 64 dimensions, unrelated ones have cosines within about 0.4 of `common`'s part.
  const copiesOf = (original: number, copies: number, common = 0) =>
    Array.from({ length: copies + 1 }, (_, copy) =>
      randoms(original, 64).map(
        (value, i) => common + value + (copy ? 0.7 * randoms(1000 * copy + original, 64)[i] : 0),
      ),
    );

  it('are originals with their one to eight copies, whatever all vectors have in common', () => {
    for (const common of [0, 1]) {
      const counts = Array.from({ length: 24 }, (_, original) => original % 9);
      const vectors = counts.flatMap((copies, original) => copiesOf(original, copies, common));
      let next = 0;
      const expected = counts.map((copies) => Array.from({ length: copies + 1 }, () => next++));
      assert.deepEqual(
        groupsOf(vectors),
        expected.filter(({ length }) => length > 1),
      );
    }
  });

  it('are found in the smallest folders, and where every image is a copy', () => {
    assert.deepEqual(groupsOf([]), []);
    assert.deepEqual(groupsOf(copiesOf(1, 0)), []);
    assert.deepEqual(groupsOf([...copiesOf(1, 0), ...copiesOf(2, 0)]), []);
    assert.deepEqual(groupsOf(copiesOf(1, 1)), [[0, 1]]);
    assert.deepEqual(groupsOf([...copiesOf(1, 0), ...copiesOf(2, 1)]), [[1, 2]]);
    assert.deepEqual(groupsOf(copiesOf(3, 8)), [[0, 1, 2, 3, 4, 5, 6, 7, 8]]);
    const same = Array.from({ length: 30 }, () => randoms(5, 64));
    assert.equal(groupsOf(same)[0].length, 30);
    // A black picture may have a vector of zeros.
    assert.equal(groupsOf([...same, new Float32Array(64)])[0].length, 30);
  });

  it('are not images of which each has others nearly as similar', () => {
    const series = Array.from({ length: 30 }, (_, i) =>
      randoms(7, 64).map((value, k) => value + 0.4 * 1.06 ** i * randoms(100 + i, 64)[k]),
    );
    const others = Array.from({ length: 30 }, (_, i) => randoms(500 + i, 64));
    const [first] = findDuplicates(indexOf([...series, ...others]), { threshold: 0.7 });
    assert.ok(first.ids.length > 10);
    assert.deepEqual(groupsOf([...series, ...others]), []);
  });
});
