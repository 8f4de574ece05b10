import { checkAborted } from '../../base/aborted.ts';
import type { Matrix } from '../../base/matrix.ts';
import type { Pixels } from '../../base/pixels.ts';
import type { ImageSet } from '../../data/image-set.ts';
import { wholeImage } from '../../patches/whole-image.ts';
import { colourHistogram } from './colour-histogram.ts';
import { hog } from './hog.ts';

/** Sides to which images are resized, px: for raw pixels, colours and gradients. */
const RAW = 32;
const COLOURS = 64;
const GRADIENTS = 128;
/** Side of a cell of gradients, px. */
const CELL = 16;

/** Vectors without learning, of each image. */
export interface HandMade {
  readonly raw: Matrix;
  readonly colour: Matrix;
  readonly hog: Matrix;
}

/** Raw pixels, colour histograms and HOG of every image, resized whole. */
export async function handMadeVectors(
  images: ImageSet,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number, total: number) => void },
): Promise<HandMade> {
  const vectors: { raw: Float32Array; colour: Float32Array; hog: Float32Array }[] = [];
  for (let i = 0; i < images.length; i++) {
    checkAborted(signal, 'Computing hand-made vectors was stopped.');
    const pixels = await images.image(i);
    vectors.push({
      raw: resized(pixels, RAW),
      colour: colourHistogram(resized(pixels, COLOURS)),
      hog: hog(resized(pixels, GRADIENTS), GRADIENTS, CELL),
    });
    onProgress?.(i + 1, images.length);
  }
  return {
    raw: matrixOf(vectors.map(({ raw }) => raw)),
    colour: matrixOf(vectors.map(({ colour }) => colour)),
    hog: matrixOf(vectors.map(({ hog: one }) => one)),
  };
}

/** [3, side, side], 0 to 1. */
function resized(pixels: Pixels, side: number): Float32Array {
  const tile = new Float32Array(3 * side * side);
  wholeImage(pixels, { mean: [0, 0, 0], std: [1, 1, 1] }, side, side, tile);
  return tile;
}

function matrixOf(vectors: readonly Float32Array[]): Matrix {
  const columns = vectors[0]?.length ?? 0;
  const data = new Float32Array(vectors.length * columns);
  vectors.forEach((vector, i) => {
    data.set(vector, i * columns);
  });
  return { data, rows: vectors.length, columns };
}
