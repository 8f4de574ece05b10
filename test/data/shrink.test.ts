import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Pixels } from '../../src/base/pixels.ts';
import { shrink } from '../../src/data/shrink.ts';

const side = fc.integer({ min: 1, max: 40 });
const image = fc
  .tuple(side, side)
  .chain(([width, height]) =>
    fc
      .uint8Array({ minLength: width * height * 4, maxLength: width * height * 4 })
      .map((data): Pixels => ({ data, width, height, layout: 'rgba' })),
  );

describe('shrink', () => {
  it('keeps the shorter side at or above the bound, and no more than twice above it where it shrinks', () => {
    fc.assert(
      fc.property(image, fc.integer({ min: 1, max: 20 }), (given, bound) => {
        const small = shrink(given, bound);
        const [before, after] = [given, small].map(({ width, height }) => Math.min(width, height));
        if (before < 2 * bound) assert.equal(small, given);
        else assert.ok(after >= bound && after < 2 * bound);
        assert.equal(small.data.length, small.width * small.height * 4);
      }),
    );
  });

  it('gives the rounded mean of what each pixel covers, and leaves nothing out', () => {
    fc.assert(
      fc.property(image, fc.integer({ min: 1, max: 20 }), (given, bound) => {
        const small = shrink(given, bound);
        const seen = new Set<number>();
        for (let y = 0; y < small.height; y++) {
          for (let x = 0; x < small.width; x++) {
            const covered: number[] = [];
            for (const row of part(given.height, small.height, y))
              for (const column of part(given.width, small.width, x)) covered.push(row * given.width + column);
            for (const pixel of covered) seen.add(pixel);
            for (let c = 0; c < 4; c++) {
              const mean = covered.reduce((sum, pixel) => sum + given.data[pixel * 4 + c], 0) / covered.length;
              assert.ok(Math.abs(small.data[(y * small.width + x) * 4 + c] - mean) <= 0.5);
            }
          }
        }
        assert.equal(seen.size, given.width * given.height);
      }),
    );
  });
});

/** The places of a side of `length` that are in the n-th of `count` parts. */
const part = (length: number, count: number, n: number) =>
  Array.from({ length }, (_, at) => at).filter((at) => Math.floor(((at + 1) * count - 1) / length) === n);
