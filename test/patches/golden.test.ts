import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pixels } from '../../src/base/pixels.ts';
import type { ColourChange } from '../../src/patches/augmentations/jitter.ts';
import { cropSize, patchSide } from '../../src/patches/crop.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import { type PatchParameters, plainPatch } from '../../src/patches/parameters.ts';
import type { Triple } from '../../src/patches/recipe.ts';
import golden from '../golden/patches.json' with { type: 'json' };

// Agreement with torchvision 0.14 (tensor path, float32, values in 0..1), measured, rounded up. Half a digit of each
// is how the vectors are stored: 5 decimals for resizing, 6 for colour.
const RESIZE = 5.1e-6;
const PLAIN = 5.1e-7; // brightness, contrast, saturation, greyscale
const HUE = 1e-6; // by another, shorter formula
const NORMALISED = 3e-6; // the same divided by std
const PILLOW = 1 / 255; // Pillow rounds to bytes after each of its two passes
const PILLOW_BICUBIC = 2 / 255; // and limits them to 0..255
const BLUR = 1e-6; // two passes for torchvision's one of kernel × kernel

const kernels = await Kernels.load();

/** test/golden/patches.py, `generated`. */
function generated(seed: number, width: number, height: number, layout: Pixels['layout']): Pixels {
  let state = seed;
  const data = new Uint8Array(width * height * (layout === 'rgba' ? 4 : 3));
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        const value = 60 + 50 * c + 5 * x * (1 - c) + 4 * y * (c - 1) + Math.floor((state >>> 24) / 3);
        data[layout === 'rgba' ? (y * width + x) * 4 + c : (c * height + y) * width + x] = value & 255;
      }
    }
  }
  return { data, width, height, layout };
}

function cut(pixels: Pixels, patch: PatchParameters, size: number, mean: Triple, std: Triple): Float32Array {
  const out = new Float32Array(3 * size * size);
  kernels.cut(pixels, [patch], size, mean, std, out);
  return out;
}

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  return Math.max(...Array.from(a, (v, i) => Math.abs(v - b[i])));
}

for (const layout of ['rgba', 'planar'] as const) {
  for (const { image, box, size, interpolation, tensor, pillow } of [...golden.resize, ...golden.bicubic]) {
    test(`${interpolation} ${box[2]}×${box[3]} to ${size} from ${layout}: the tensor path, and Pillow within a byte or two`, () => {
      const plain = plainPatch(box[0], box[1], box[2], box[3]);
      const patch = interpolation === 'bicubic' ? { ...plain, interpolation: 'bicubic' as const } : plain;
      const ours = cut(generated(image[0], image[1], image[2], layout), patch, size, [0, 0, 0], [1, 1, 1]);
      assert.ok(furthest(ours, tensor) <= RESIZE);
      const bytes = pillow.map((v) => v / 255);
      assert.ok(furthest(ours, bytes) <= (interpolation === 'bicubic' ? PILLOW_BICUBIC : PILLOW) + 1e-6);
    });
  }

  for (const { image, steps, greyscale, flip, mean, std, tensor } of golden.colour) {
    const name = [...steps.map(([change, amount]) => `${change} ${amount}`), greyscale && 'greyscale', flip && 'flip'];
    test(`${name.filter(Boolean).join(', ')} from ${layout}`, () => {
      const amounts = Object.fromEntries(steps);
      const order = steps.map(([change]) => change as ColourChange);
      const patch = { ...plainPatch(0, 0, image[1], image[2]), ...amounts, order, greyscale, flip };
      const pixels = generated(image[0], image[1], image[2], layout);
      const ours = cut(pixels, patch, image[1], mean as unknown as Triple, std as unknown as Triple);
      const bound = std[0] !== 1 ? NORMALISED : 'hue' in amounts ? HUE : PLAIN;
      assert.ok(furthest(ours, tensor) <= bound);
    });
  }
}

for (const { image, kernel, sigma, threshold, tensor } of golden.blur) {
  test(`blur ${kernel}, σ ${sigma}${threshold ? `, solarised from ${threshold}` : ''}`, () => {
    const [seed, side] = image;
    const solarise = threshold === null ? {} : { solarise: threshold };
    const patch = { ...plainPatch(0, 0, side, side), blur: { kernel, sigma }, ...solarise };
    const ours = cut(generated(seed, side, side, 'planar'), patch, side, [0, 0, 0], [1, 1, 1]);
    assert.ok(furthest(ours, tensor) <= BLUR, `${furthest(ours, tensor)}`);
  });
}

test('the size of a crop is what RandomResizedCrop makes of the same uniform numbers', () => {
  for (const { image, scale, ratio, uniforms, used, size } of golden.crops) {
    let attempts = 0;
    const of = (attempt: number, i: number) => {
      attempts = Math.max(attempts, attempt + 1);
      return uniforms[2 * attempt + i];
    };
    const range = (v: number[]) => [v[0], v[1]] as const;
    const tries = { scale: (k: number) => of(k, 0), ratio: (k: number) => of(k, 1) };
    const ours = cropSize(range(scale), range(ratio), image[0], image[1], tries);
    assert.deepEqual([ours.width, ours.height], size);
    assert.equal(2 * attempts, used);
  }
  assert.ok(golden.crops.some(({ used }) => used > 2 && used < 20) && golden.crops.some(({ used }) => used === 20));
});

test('the side of a crop is RandomResizedCrop’s', () => {
  for (const { image, scale, side } of golden.side) assert.equal(patchSide(scale, image[0], image[1]), side);
});
