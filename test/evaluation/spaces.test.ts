import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cosine } from '../../src/bag/nearest.ts';
import { agreement, centred, meanRow } from '../../src/evaluation/agreement.ts';
import { locality } from '../../src/evaluation/locality.ts';

const matrix = (rows: number[][]) => ({
  data: Float32Array.from(rows.flat()),
  rows: rows.length,
  columns: rows[0]?.length ?? 2,
});
const near = (found: number, expected: number) =>
  assert.ok(Math.abs(found - expected) < 1e-6, `${found}, expected ${expected}`);

describe('cosine', () => {
  it('is the angle, whatever the lengths', () => {
    near(cosine([1, 0], [5, 5]), Math.SQRT1_2);
    near(cosine([3, 4], [-6, -8]), -1);
    assert.equal(cosine([0, 0], [1, 2]), 0);
  });
  it('refuses vectors of different dimensions', () => {
    assert.throws(() => cosine([1, 2], [1, 2, 3]), { code: 'shape-mismatch', message: /2 and 3/ });
  });
});

/** A row of five patches of 4 px, 2 px apart: places 0, 2, 4, 6, 8. */
const strip = Array.from({ length: 5 }, (_, i) => ({ x: 2 * i, y: 0, width: 4, height: 4 }));

describe('locality, the share of similarity mass within one patch of the query', () => {
  it('counts patches up to one side away, the query among them, along both axes', () => {
    // From place 0: 0, 2 and 4 px are within 4 px. (1 + 0.5 + 0.25) / (1 + 0.5 + 0.25 + 0.25 + 0).
    near(locality([1, 0.5, 0.25, 0.25, 0], strip, 0), 1.75 / 2);
    const column = strip.map(({ x, ...rest }) => ({ ...rest, x: 0, y: 3 * x }));
    // 6 px apart and more: nothing but the query is near.
    near(locality([1, 1, 1, 1, 1], column, 2), 1 / 5);
  });
  it('is the share of near patches for a flat map, and 1 where only the query is similar', () => {
    near(locality([0.3, 0.3, 0.3, 0.3, 0.3], strip, 0), 3 / 5);
    near(locality([0, 0, 1, 0, 0], strip, 2), 1);
  });
  it('counts dissimilar patches as no mass, not as negative mass', () => {
    near(locality([1, 0, 0, -5, 1], strip, 0), 1 / 2);
  });
  it('refuses a query that is not there and a map without any mass', () => {
    assert.throws(() => locality([1, 1, 1, 1, 1], strip, 5), { code: 'bad-argument' });
    assert.throws(() => locality([1], strip, 0), { code: 'bad-argument', message: /1 similarities and 5 places/ });
    assert.throws(() => locality([-1, -1, -1, -1, -1], strip, 0), { code: 'bad-data' });
  });
});

describe('agreement of changed patches', () => {
  it('is the mean cosine of pairs', () => {
    const plain = matrix([
      [1, 0],
      [0, 2],
    ]);
    const changed = matrix([
      [2, 0],
      [3, 0],
    ]);
    near(agreement(plain, changed), (1 + 0) / 2);
  });
  it('is told apart from what all vectors share by centring', () => {
    // All lie near (10, 10): the raw cosine is nearly 1, the change turns every vector round its mean.
    const plain = matrix([
      [11, 10],
      [9, 10],
    ]);
    const changed = matrix([
      [9, 10],
      [11, 10],
    ]);
    const mean = meanRow(plain);
    assert.deepEqual([...mean], [10, 10]);
    assert.ok(agreement(plain, changed) > 0.98);
    near(agreement(centred(plain, mean), centred(changed, mean)), -1);
  });
  it('refuses what cannot be paired', () => {
    assert.throws(
      () =>
        agreement(
          matrix([[1, 2]]),
          matrix([
            [1, 2],
            [3, 4],
          ]),
        ),
      { code: 'shape-mismatch' },
    );
    assert.throws(() => agreement(matrix([]), matrix([])), { code: 'bad-data' });
    assert.throws(() => meanRow(matrix([])), { code: 'bad-data' });
  });
});
