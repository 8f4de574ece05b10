import type { Layout, Pixels } from '../../src/base/pixels.ts';
import { Stream } from '../../src/base/random.ts';
import type { PatchJob } from '../../src/patches/job.ts';
import { presets } from '../../src/patches/presets.ts';
import type { Recipe } from '../../src/patches/recipe.ts';

/** The input of every engine: images, and the patches to make. */
export interface Case {
  readonly recipe: Recipe;
  /** Side of the images, pixels. */
  readonly side: number;
  /** Side of the crop, pixels. */
  readonly crop: number;
  readonly images: number;
  readonly views: number;
}

const plain = { ...presets.none, flip: 0.5, size: 32 };
const photo = { ...plain, size: 96 };

/** `plain`: crop, flip, normalise. `empSsl`: everything. */
export const CASES = {
  plain: { recipe: plain, side: 32, crop: 16, images: 100, views: 20 },
  empSsl: { recipe: presets.empSsl, side: 32, crop: 16, images: 100, views: 20 },
  photo: { recipe: photo, side: 224, crop: 112, images: 10, views: 20 },
  photoEmpSsl: { recipe: { ...presets.empSsl, size: 96 }, side: 224, crop: 112, images: 10, views: 20 },
} satisfies Record<string, Case>;

export type CaseName = keyof typeof CASES;

/** Smooth slopes with noise, so that colours vary as they do in photographs. */
export function pixels(seed: number, side: number, layout: Layout): Pixels {
  const stream = new Stream(seed, 'bench');
  const bytes = layout === 'rgba' ? 4 : 3;
  const data = new Uint8Array(side * side * bytes).fill(255);
  const slopes = Array.from({ length: 6 }, () => (stream.below(400) - 200) / side);
  for (let i = 0; i < side * side; i++) {
    for (let c = 0; c < 3; c++) {
      const value = 128 + slopes[c] * ((i % side) - side / 2) + slopes[c + 3] * (i / side - side / 2);
      data[layout === 'rgba' ? i * 4 + c : c * side * side + i] = Math.min(
        255,
        Math.max(0, value + stream.below(41) - 20),
      );
    }
  }
  return { data, width: side, height: side, layout };
}

export function job(name: CaseName, epoch = 0): PatchJob {
  const { recipe, side, images, views } = CASES[name];
  const layout = side === 32 ? 'planar' : 'rgba';
  return {
    recipe,
    images: Array.from({ length: images }, (_, id) => ({ id, pixels: pixels(id, side, layout), keep: true })),
    source: { kind: 'augmented', seed: 1, epoch, views },
  };
}

/** Patches a second: the median of `rounds`, each of at least `seconds`, after one to warm up. */
export async function rate(run: () => number | Promise<number>, rounds = 5, seconds = 0.4): Promise<number> {
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const started = performance.now();
    let patches = 0;
    let elapsed = 0;
    while (elapsed < seconds) {
      patches += await run();
      elapsed = (performance.now() - started) / 1000;
    }
    if (round >= 0) rates.push(patches / elapsed);
  }
  return rates.sort((a, b) => a - b)[rates.length >> 1];
}
