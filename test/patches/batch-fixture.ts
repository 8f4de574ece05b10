// One job and the fingerprint of its batch, for the tests of every platform: nothing here knows Node.

import type { Pixels } from '../../src/base/pixels.ts';
import { Stream } from '../../src/base/random.ts';
import type { PatchBatch, PatchJob } from '../../src/patches/job.ts';
import { presets } from '../../src/patches/presets.ts';

/** Smooth colours with noise on top, from whole numbers alone. */
export function generatedPixels(seed: number, width: number, height: number, layout: Pixels['layout']): Pixels {
  const stream = new Stream(seed, 'batch-fixture');
  const slopes = Array.from({ length: 6 }, () => stream.below(9) - 4);
  const rgba = layout === 'rgba';
  const data = new Uint8Array(width * height * (rgba ? 4 : 3)).fill(255);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const value = 128 + slopes[channel] * x + slopes[channel + 3] * y + stream.below(64) - 32;
        data[rgba ? (y * width + x) * 4 + channel : (channel * height + y) * width + x] = value & 255;
      }
    }
  }
  return { data, width, height, layout };
}

/** Exact copies, enlarged, shrunk and oddly shaped images, two layouts, both filters, every change of colour, blur. */
export function fixtureJob(): PatchJob {
  const sizes: [number, number, Pixels['layout']][] = [
    [32, 32, 'planar'],
    [32, 32, 'rgba'],
    [21, 40, 'planar'],
    [97, 61, 'rgba'],
  ];
  return {
    recipe: {
      ...presets.empSsl,
      size: 16,
      scale: [0.2, 0.6],
      blur: { probability: 0.3, kernel: 9, sigma: [0.1, 2] },
      views: [{}, { interpolation: 'bicubic', ratio: [0.5, 2] }],
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
    images: sizes.map(([width, height, layout], id) => ({ id, pixels: generatedPixels(id, width, height, layout) })),
    source: { kind: 'augmented', seed: 2 ** 40 + 7, epoch: 3, views: 16 },
  };
}

/** FNV-1a over the bytes of a batch, two 32-bit halves: equal on two platforms when every bit is. */
export function batchHash({ data }: PatchBatch): string {
  let a = 0x811c9dc5;
  let b = 0x01234567;
  for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x01000193) ^ (a >>> 15);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

/** What `batchHash` of the batch of `fixtureJob()` must be, everywhere. */
export const FIXTURE_HASH = 'a1c3f0aae4e281e8';
