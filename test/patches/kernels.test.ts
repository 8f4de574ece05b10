import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BYTES, type Pixels } from '../../src/base/pixels.ts';
import { Stream } from '../../src/base/random.ts';
import { ORDERS } from '../../src/patches/augmentations/jitter.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import type { PatchParameters } from '../../src/patches/parameters.ts';
import type { Triple } from '../../src/patches/recipe.ts';
import { cutReference } from '../../src/patches/reference.ts';

const kernels = await Kernels.load();

/** Random bytes; every third image has few colours, so that equal channels, black and white occur. */
function randomPixels(seed: number, width: number, height: number, layout: Pixels['layout']): Pixels {
  const stream = new Stream(seed, 'test');
  const data = new Uint8Array(width * height * BYTES[layout]);
  const few = [0, 128, 255];
  for (let i = 0; i < data.length; i++) data[i] = seed % 3 === 0 ? few[stream.below(3)] : stream.below(256);
  return { data, width, height, layout };
}

const factor = fc.oneof(fc.constant(1), fc.constant(0), fc.double({ min: 0, max: 2, noNaN: true }));

interface Case {
  readonly pixels: Pixels;
  readonly patch: PatchParameters;
  readonly size: number;
  readonly mean: Triple;
  readonly std: Triple;
}

const anyCase: fc.Arbitrary<Case> = fc
  .record({
    seed: fc.nat(),
    width: fc.integer({ min: 1, max: 70 }),
    height: fc.integer({ min: 1, max: 70 }),
    layout: fc.constantFrom<Pixels['layout']>('rgba', 'rgb', 'planar', 'grey'),
    size: fc.integer({ min: 1, max: 40 }),
    exact: fc.boolean(),
    box: fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()),
    flip: fc.boolean(),
    brightness: factor,
    contrast: factor,
    saturation: factor,
    hue: fc.oneof(fc.constant(0), fc.double({ min: -0.5, max: 0.5, noNaN: true })),
    order: fc.constantFrom(...ORDERS),
    greyscale: fc.boolean(),
    interpolation: fc.constantFrom('bicubic' as const, undefined),
    blur: fc.option(fc.record({ kernel: fc.nat(), sigma: fc.double({ min: 0.05, max: 5, noNaN: true }) }), {
      nil: undefined,
    }),
    solarise: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    normal: fc.boolean(),
  })
  .map(({ seed, width, height, layout, size, exact, box, blur, normal, ...rest }) => {
    const w = exact ? Math.max(width, size) : width;
    const h = exact ? Math.max(height, size) : height;
    const cropWidth = exact ? size : 1 + (box[2] % w);
    const cropHeight = exact ? size : 1 + (box[3] % h);
    const place = {
      x: box[0] % (w - cropWidth + 1),
      y: box[1] % (h - cropHeight + 1),
      width: cropWidth,
      height: cropHeight,
    };
    return {
      pixels: randomPixels(seed, w, h, layout),
      // The smallest patch takes no blur; the largest radius is one less than the size.
      patch: {
        ...place,
        ...rest,
        blur: blur && size > 1 ? { ...blur, kernel: 3 + 2 * (blur.kernel % (size - 1)) } : undefined,
      },
      size,
      mean: normal ? [0.485, 0.456, 0.406] : [0, 0, 0],
      std: normal ? [0.229, 0.224, 0.225] : [1, 1, 1],
    };
  });

test('kernels equal their twins bit for bit, and write nothing outside their patch', () => {
  fc.assert(
    fc.property(anyCase, ({ pixels, patch, size, mean, std }) => {
      const floats = 3 * size * size;
      const out = new Float32Array(3 * floats).fill(-7);
      kernels.cut(pixels, [patch], size, mean, std, out, { first: 1, step: 1 });
      const expected = cutReference(pixels, patch, size, mean, std);
      assert.deepEqual(new Uint32Array(out.buffer, floats * 4, floats), new Uint32Array(expected.buffer));
      assert.ok(out.subarray(0, floats).every((v) => v === -7) && out.subarray(2 * floats).every((v) => v === -7));
    }),
    { numRuns: 1500 },
  );
});
