import { checkAborted } from '../../base/aborted.ts';
import type { Matrix } from '../../base/matrix.ts';
import type { ImageSet } from '../../data/image-set.ts';
import { noneDrawn } from '../../patches/augmentations/index.ts';
import { PatchPool } from '../../patches/pool.ts';
import { cifar16 } from '../../patches/presets.ts';
import { withoutAugmentation } from '../../patches/recipe.ts';
import { colourHistogram } from './colour-histogram.ts';
import { hog } from './hog.ts';

/** The side to which whole images are resized, px: 7×7 cells of gradients. */
const SIDE = 224;
const CELL = 32;
/** Pixels of a side for colours and for raw pixels, each the mean of a square of the resized image's. */
const COLOURS = 56;
const RAW = 32;
/** Images that are cut together. */
const IMAGES = 16;

/** Vectors without learning, of each image. */
export interface HandMade {
  readonly raw: Matrix;
  readonly colour: Matrix;
  readonly hog: Matrix;
}

interface HandMadeOptions {
  readonly workers?: number;
  readonly workerUrl?: URL | string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Raw pixels, colour histograms and HOG of every image, resized whole. */
export async function handMadeVectors(images: ImageSet, options: HandMadeOptions): Promise<HandMade> {
  const { workers = 2, workerUrl, signal, onProgress } = options;
  const recipe = { ...withoutAugmentation(cifar16), size: SIDE, mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const vectors: Record<keyof HandMade, Float32Array[]> = { raw: [], colour: [], hog: [] };
  const pool = await PatchPool.create({ workers, workerUrl });
  try {
    for (let from = 0; from < images.length; from += IMAGES) {
      checkAborted(signal, 'Computing hand-made vectors was stopped.');
      const ids = Array.from({ length: Math.min(IMAGES, images.length - from) }, (_, k) => from + k);
      const some = await Promise.all(ids.map(async (id) => ({ id, pixels: await images.image(id) })));
      const whole = some.map(({ pixels: { width, height } }) => [
        { x: 0, y: 0, width, height, flip: false, ...noneDrawn() },
      ]);
      const { data } = await pool.cut({ recipe, images: some, source: { kind: 'given', patches: whole } }, { signal });
      for (let i = 0; i < some.length; i++) {
        const tile = data.subarray(3 * i * SIDE ** 2, 3 * (i + 1) * SIDE ** 2);
        vectors.raw.push(shrunk(tile, RAW));
        vectors.colour.push(colourHistogram(shrunk(tile, COLOURS)));
        vectors.hog.push(hog(tile, SIDE, CELL));
      }
      onProgress?.(from + some.length, images.length);
    }
  } finally {
    await pool.dispose();
  }
  return { raw: matrixOf(vectors.raw), colour: matrixOf(vectors.colour), hog: matrixOf(vectors.hog) };
}

/** A tile [3, SIDE, SIDE] as [3, side, side], each pixel the mean of a square. */
function shrunk(tile: Float32Array, side: number): Float32Array {
  const factor = SIDE / side;
  const out = new Float32Array(3 * side * side);
  for (let at = 0; at < tile.length; at++) {
    const row = Math.floor(at / SIDE);
    out[Math.floor(row / factor) * side + Math.floor((at % SIDE) / factor)] += tile[at] / factor ** 2;
  }
  return out;
}

function matrixOf(vectors: readonly Float32Array[]): Matrix {
  const columns = vectors[0]?.length ?? 0;
  const data = new Float32Array(vectors.length * columns);
  vectors.forEach((vector, i) => {
    data.set(vector, i * columns);
  });
  return { data, rows: vectors.length, columns };
}
