import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { boxes, checkPlacement, type Placement, parsePlacement } from '../../src/patches/placement.ts';
import { cifar16 } from '../../src/patches/presets.ts';
import type { Recipe } from '../../src/patches/recipe.ts';

const ALL: Placement = { kind: 'all' };
const grid = (across: number): Placement => ({ kind: 'grid', across });
const scaled = (share: number): Recipe => ({ ...cifar16, scale: [share, share] });

test('the known counts in a 32×32 image', () => {
  assert.equal(boxes(ALL, cifar16, 32, 32, 0).length, 289);
  assert.equal(boxes(ALL, { ...scaled(0.2), size: 14 }, 32, 32, 0).length, 361);
  assert.equal(boxes(ALL, { ...scaled(0.08), size: 9 }, 32, 32, 0).length, 576);
  const five = boxes(grid(5), cifar16, 32, 32, 0);
  assert.deepEqual(
    five.slice(0, 6).map(({ x, y }) => [x, y]),
    [[0, 0], [4, 0], [8, 0], [12, 0], [16, 0], [0, 4]], // biome-ignore format: one row of the grid
  );
  assert.equal(five.length, 25);
  assert.deepEqual(
    [boxes(grid(1), cifar16, 32, 32, 0)[0]].map(({ x, y, width }) => [x, y, width]),
    [[8, 8, 16]],
  );
});

test('all: one output pixel apart where the crop is larger than the patch', () => {
  const found = boxes(ALL, cifar16, 224, 224, 0);
  assert.equal(found.length, 17 * 17);
  assert.equal(found[1].x - found[0].x, 7);
  assert.equal(boxes({ kind: 'all', stride: 56 }, cifar16, 224, 224, 0).length, 9);
});

test('tiles cover the image and overlap as asked', () => {
  const side = fc.integer({ min: 1, max: 90 });
  fc.assert(
    fc.property(
      side,
      side,
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 0.95, noNaN: true }),
      (width, height, share, overlap) => {
        const found = boxes({ kind: 'tiles', overlap }, scaled(share), width, height, 5);
        const xs = [...new Set(found.map((p) => p.x))].sort((a, b) => a - b);
        const one = found[0].width;
        const step = Math.max(1, Math.floor(one * (1 - overlap)));
        assert.equal(xs[0], 0);
        assert.equal(xs[xs.length - 1] + one, width);
        for (let i = 1; i < xs.length; i++) assert.ok(xs[i] - xs[i - 1] <= step);
        // One tile fewer would leave a longer step.
        assert.ok(xs.length < 3 || (width - one) / (xs.length - 2) > step);
      },
    ),
  );
  assert.equal(boxes({ kind: 'tiles', overlap: 0.5 }, cifar16, 32, 32, 0).length, 9);
  assert.equal(boxes({ kind: 'tiles', overlap: 0 }, cifar16, 32, 32, 0).length, 4);
});

test('several scales: one bag after the other', () => {
  const found = boxes({ kind: 'all', stride: 4, scales: [0.25, 0.08, 1] }, cifar16, 32, 32, 0);
  const sides = found.map(({ width }) => width);
  assert.deepEqual(sides, [...Array(25).fill(16), ...Array(36).fill(9), 32]);
  const random = boxes({ kind: 'random', count: 3, seed: 1, scales: [0.25, 0.25] }, cifar16, 32, 32, 0);
  assert.deepEqual(random.slice(0, 3), boxes({ kind: 'random', count: 3, seed: 1 }, cifar16, 32, 32, 0));
  assert.notDeepEqual(random.slice(3), random.slice(0, 3));
});

test('boxes are inside, on whole pixels, and a grid touches both edges', () => {
  const side = fc.integer({ min: 1, max: 90 });
  const placement = fc.oneof(
    fc.integer({ min: 2, max: 9 }).map(grid),
    fc.record({ kind: fc.constant('random' as const), count: fc.integer({ min: 1, max: 20 }), seed: fc.nat() }),
    fc.record({ kind: fc.constant('all' as const), stride: fc.double({ min: 1, max: 30, noNaN: true }) }),
  );
  fc.assert(
    fc.property(placement, side, side, fc.double({ min: 0.01, max: 1, noNaN: true }), (where, width, height, share) => {
      const found = boxes(where, scaled(share), width, height, 5);
      for (const p of found) {
        assert.ok([p.x, p.y, p.width].every(Number.isInteger));
        assert.ok(p.x >= 0 && p.y >= 0 && p.x + p.width <= width && p.y + p.height <= height);
      }
      if (where.kind === 'grid') {
        assert.equal(Math.min(...found.map((p) => p.x)), 0);
        assert.equal(Math.max(...found.map((p) => p.x + p.width)), width);
        assert.equal(Math.max(...found.map((p) => p.y + p.height)), height);
      }
    }),
  );
});

test('random placements differ by image and by seed, and repeat', () => {
  const at = (seed: number, image: number) =>
    boxes({ kind: 'random', count: 4, seed }, cifar16, 64, 64, image).map(({ x, y }) => `${x} ${y}`);
  assert.deepEqual(at(1, 1), at(1, 1));
  assert.notDeepEqual(at(1, 1), at(1, 2));
  assert.notDeepEqual(at(1, 1), at(2, 1));
});

test('placements from text', () => {
  assert.deepEqual(parsePlacement('grid'), grid(5));
  assert.deepEqual(parsePlacement('grid7'), grid(7));
  assert.deepEqual(parsePlacement('all'), ALL);
  assert.deepEqual(parsePlacement('tiles'), { kind: 'tiles', overlap: 0.5 });
  assert.deepEqual(parsePlacement('16'), { kind: 'random', count: 16, seed: 0 });
  for (const bad of ['', '0', 'grid0', 'all3', 'some', '-1', '1.5', 'grid5x', '99999999']) {
    assert.throws(() => parsePlacement(bad), { code: 'bad-argument' }, bad);
  }
  assert.throws(() => parsePlacement('some'), /"some"/);
});

test('bad placements are refused with their value', () => {
  const bad: [unknown, RegExp][] = [
    [grid(0), /across must .*, got 0/],
    [grid(2.5), /across must .*, got 2\.5/],
    [{ kind: 'random', count: 3, seed: -1 }, /seed must .*, got -1/],
    [{ kind: 'all', stride: 0 }, /stride must .*, got 0/],
    [{ kind: 'tiles', overlap: 1 }, /overlap must .*, got 1/],
    [{ kind: 'all', scales: [] }, /scales must .*, got \[\]/],
    [{ kind: 'all', scales: [0.5, 1.5] }, /scales must .*, got \[0\.5,1\.5\]/],
    [{ kind: 'spiral' }, /spiral/],
    [undefined, /undefined/],
  ];
  for (const [placement, message] of bad) assert.throws(() => checkPlacement(placement as Placement), message);
});
