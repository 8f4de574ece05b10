import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { philox, Stream } from '../../src/base/random.ts';

// Random123's kat_vectors, philox4x32 10: counter, key, result.
const KNOWN = [
  ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
  ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
  ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
];
const words = (hex: string) => hex.split(' ').map((w) => Number.parseInt(w, 16));

test('Philox4x32-10 gives the published vectors', () => {
  for (const [counter, key, result] of KNOWN) {
    const [c0, c1, c2, c3] = words(counter);
    const [k0, k1] = words(key);
    assert.deepEqual(philox(c0, c1, c2, c3, k0, k1), words(result));
  }
});

test('a round’s products equal 64-bit integer arithmetic', () => {
  const M = [0xd2511f53n, 0xcd9e8d57n];
  const W = [0x9e3779b9n, 0xbb67ae85n];
  const mask = 0xffffffffn;
  const exact = (c: bigint[], k: bigint[]) => {
    for (let round = 0; round < 10; round++) {
      const p0 = M[0] * c[0];
      const p1 = M[1] * c[2];
      c = [(p1 >> 32n) ^ c[1] ^ k[0], p1 & mask, (p0 >> 32n) ^ c[3] ^ k[1], p0 & mask];
      k = [(k[0] + W[0]) & mask, (k[1] + W[1]) & mask];
    }
    return c.map(Number);
  };
  const word = fc.nat({ max: 0xffffffff });
  fc.assert(
    fc.property(word, word, word, word, word, word, (a, b, c, d, k0, k1) => {
      assert.deepEqual(philox(a, b, c, d, k0, k1), exact([a, b, c, d].map(BigInt), [k0, k1].map(BigInt)));
    }),
  );
});

test('a stream depends on seed, purpose and each counter, and on nothing else', () => {
  const first = (...args: ConstructorParameters<typeof Stream>) => new Stream(...args).uint32();
  const base = first(5, 'patch', 1, 2, 3);
  assert.equal(first(5, 'patch', 1, 2, 3), base);
  const others = [
    first(6, 'patch', 1, 2, 3),
    first(5 + 2 ** 32, 'patch', 1, 2, 3),
    first(5, 'weights', 1, 2, 3),
    first(5, 7, 1, 2, 3),
    first(5, 'patch', 0, 2, 3),
    first(5, 'patch', 1, 0, 3),
    first(5, 'patch', 1, 2, 0),
  ];
  assert.equal(new Set([base, ...others]).size, 8);
});

test('uniform has 24 bits in [0, 1) and the moments of its distribution', () => {
  const stream = new Stream(1, 'test');
  const n = 100_000;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < n; i++) {
    const u = stream.uniform();
    assert.ok(u >= 0 && u < 1 && Math.fround(u) === u && Number.isInteger(u * 2 ** 24));
    sum += u;
    squares += u * u;
  }
  // Five standard deviations of the two means.
  assert.ok(Math.abs(sum / n - 1 / 2) < 5 * Math.sqrt(1 / 12 / n));
  assert.ok(Math.abs(squares / n - 1 / 3) < 5 * Math.sqrt(4 / 45 / n));
});

test('below stays in range and hits every value equally often', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, n) => {
      const v = new Stream(seed, 'test').below(n);
      assert.ok(Number.isInteger(v) && v >= 0 && v < n);
    }),
  );
  const stream = new Stream(2, 'test');
  const counts = new Array(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[stream.below(7)]++;
  const chi = counts.reduce((sum, c) => sum + (c - 10_000) ** 2 / 10_000, 0);
  assert.ok(chi < 30, `χ² with 6 degrees of freedom is ${chi}`);
});

test('a permutation holds every number once', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat({ max: 300 }), (seed, n) => {
      const sorted = new Stream(seed, 'test').permutation(n).sort();
      assert.deepEqual(
        Array.from(sorted),
        Array.from({ length: n }, (_, i) => i),
      );
    }),
  );
});

test('seeds and counters out of range are refused with their value', () => {
  assert.throws(() => new Stream(-1, 'x'), /seed is -1/);
  assert.throws(() => new Stream(2 ** 53, 'x'), /seed is 9007199254740992/);
  assert.throws(() => new Stream(0, 'x', 0.5), /a is 0\.5/);
  assert.throws(() => new Stream(0, 'x', 0, 2 ** 32), /b is 4294967296/);
});
