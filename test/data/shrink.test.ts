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

  it('gives the rounded mean of each square', () => {
    fc.assert(
      fc.property(image, fc.integer({ min: 1, max: 20 }), (given, bound) => {
        const factor = Math.max(1, Math.floor(Math.min(given.width, given.height) / bound));
        const small = shrink(given, bound);
        for (let y = 0; y < small.height; y++) {
          for (let x = 0; x < small.width; x++) {
            for (let c = 0; c < 4; c++) {
              let sum = 0;
              for (let i = 0; i < factor * factor; i++) {
                const row = y * factor + Math.floor(i / factor);
                sum += given.data[(row * given.width + x * factor + (i % factor)) * 4 + c];
              }
              const mean = sum / (factor * factor);
              assert.ok(Math.abs(small.data[(y * small.width + x) * 4 + c] - mean) <= 0.5);
            }
          }
        }
      }),
    );
  });
});
