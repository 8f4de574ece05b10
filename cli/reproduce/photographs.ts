import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { builtinScenes, type ImageSet, readableSet } from '../../src/data.ts';
import { openData } from '../../src/node.ts';
import type { PatchBatch, Pixels, Recipe } from '../../src/patches.ts';

export interface Photographs {
  readonly images: ImageSet;
  /** What they are, in captions. */
  readonly what: string;
}

/** The photographs of --photos, or those beside the data, or the built-in scenes, each cut to its middle square. */
export async function openPhotographs(data: string, asked: string | undefined, limit: number): Promise<Photographs> {
  const beside = join(dirname(data), 'photos300');
  const path =
    asked ??
    (await stat(beside).then(
      () => beside,
      () => undefined,
    ));
  if (path !== undefined) {
    const images = await readableSet(await openData(path, { limit, whole: true }));
    return { images: squares(images), what: `${images.length} photographs (the middle square of each)` };
  }
  const images = builtinScenes({ split: 'test', count: limit });
  return {
    images,
    what: `${limit} of the built-in scenes of 32 × 32 px, because no photographs were given (--photos)`,
  };
}

const CHANNELS = { rgba: 4, rgb: 3, planar: 3, grey: 1 } as const;

/** The middle square of every image. */
function squares(images: ImageSet): ImageSet {
  return { ...images, image: async (index) => square(await images.image(index)) };
}

function square({ data, width, height, layout }: Pixels): Pixels {
  const side = Math.min(width, height);
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const channels = CHANNELS[layout];
  // Either planes of single bytes or pixels of several bytes.
  const [planes, bytes] = layout === 'planar' ? [channels, 1] : [1, channels];
  const out = new Uint8Array(side * side * channels);
  for (let plane = 0; plane < planes; plane++) {
    for (let y = 0; y < side; y++) {
      const from = (plane * width * height + (top + y) * width + left) * bytes;
      out.set(data.subarray(from, from + side * bytes), (plane * side + y) * side * bytes);
    }
  }
  return { data: out, width: side, height: side, layout };
}

/** The patches of a batch as small images, which an embedder takes like any others. */
export function patchesAsImages({ data, count }: PatchBatch, { size, mean, std }: Recipe): ImageSet {
  const plane = size * size;
  return {
    name: 'patches',
    length: count,
    image(index) {
      const pixels = new Uint8Array(3 * plane);
      for (let i = 0; i < pixels.length; i++) {
        const c = Math.floor(i / plane);
        const value = data[index * pixels.length + i] * std[c] + mean[c];
        pixels[i] = Math.max(0, Math.min(255, Math.round(255 * value)));
      }
      return { data: pixels, width: size, height: size, layout: 'planar' };
    },
  };
}
