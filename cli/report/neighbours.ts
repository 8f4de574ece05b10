import { type ImageSet, readableSet } from '../../src/data.ts';
import type { BagPlacement, Matrix } from '../../src/embed.ts';
import type { Embedder } from '../../src/index.ts';
import type { PatchPool } from '../../src/patches.ts';
import { presets, withoutAugmentation } from '../../src/patches.ts';
import { className, inTurn, subset } from './in-turn.ts';
import { type Rgb, thumbnail } from './rgb.ts';

export interface Neighbour {
  readonly name: string;
  readonly image: Rgb;
  readonly right: boolean;
  /** Cosine, -1 to 1. */
  readonly similarity: number;
}

/** A test image and the training images nearest to it, by two kinds of vector. */
export interface Query {
  readonly name: string;
  readonly image: Rgb;
  readonly learnt: readonly Neighbour[];
  readonly pixels: readonly Neighbour[];
}

export interface Neighbours {
  readonly queries: readonly Query[];
  /** Training images searched. */
  readonly bank: number;
}

export interface NeighbourOptions {
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly embedder: Embedder;
  readonly pool: PatchPool;
  readonly placement: BagPlacement;
  readonly signal?: AbortSignal;
}

const QUERIES = 8;
const BANK = 1000;
const NEAREST = 6;
const SIDE = 64;
/** Images in a worker at a time, since large ones take memory there too. */
const CHUNK = 100;

/** The nearest of at most 1,000 training images for the first test image of every class. */
export async function neighbours(options: NeighbourOptions): Promise<Neighbours> {
  const { embedder, pool, placement, signal } = options;
  const bank = await readableSet(subset(options.train, inTurn(options.train, BANK)), { signal });
  const queries = await readableSet(subset(options.test, inTurn(options.test, QUERIES)), { signal });
  const learnt = (images: ImageSet) => embedder.matrix(images, { placement, signal });
  const nearest = {
    learnt: nearestRows(await learnt(queries), await learnt(bank)),
    pixels: nearestRows(await pixelVectors(queries, pool), await pixelVectors(bank, pool)),
  };
  const picture = async (images: ImageSet, index: number) => thumbnail(await images.image(index), SIDE);
  const shown = (query: number, found: readonly Found[]) =>
    Promise.all(
      found.map(async ({ index, similarity }) => ({
        name: className(bank, index),
        image: await picture(bank, index),
        right: bank.labels![index] === queries.labels![query],
        similarity,
      })),
    );
  const rows = Array.from({ length: queries.length }, async (_, i) => ({
    name: className(queries, i),
    image: await picture(queries, i),
    learnt: await shown(i, nearest.learnt[i]),
    pixels: await shown(i, nearest.pixels[i]),
  }));
  return { queries: await Promise.all(rows), bank: bank.length };
}

/** The raw pixels that the evaluation uses: the middle square at 32×32. */
async function pixelVectors(images: ImageSet, pool: PatchPool): Promise<Matrix> {
  const recipe = { ...withoutAugmentation(presets.cifar16), size: 32, scale: [1, 1] as const };
  const source = { kind: 'placed', placement: { kind: 'grid', across: 1 } } as const;
  const columns = 3 * 32 * 32;
  const data = new Float32Array(images.length * columns);
  for (let from = 0; from < images.length; from += CHUNK) {
    const ids = Array.from({ length: Math.min(CHUNK, images.length - from) }, (_, k) => from + k);
    const pixels = await Promise.all(ids.map((id) => images.image(id)));
    const batch = await pool.cut({ recipe, images: ids.map((id, k) => ({ id, pixels: pixels[k] })), source });
    data.set(batch.data, from * columns);
  }
  return { data, rows: images.length, columns };
}

interface Found {
  readonly index: number;
  readonly similarity: number;
}

/** For each row of `queries` the rows of `bank` with the highest cosine, highest first. */
function nearestRows(queries: Matrix, bank: Matrix): Found[][] {
  const row = ({ data, columns }: Matrix, i: number) => data.subarray(i * columns, (i + 1) * columns);
  const norms = Array.from({ length: bank.rows }, (_, i) => Math.sqrt(dot(row(bank, i), row(bank, i))));
  return Array.from({ length: queries.rows }, (_, q) => {
    const query = row(queries, q);
    const norm = Math.sqrt(dot(query, query));
    const found = norms.map((other, index) => ({
      index,
      similarity: dot(query, row(bank, index)) / (norm * other + 1e-24),
    }));
    return found.sort((a, b) => b.similarity - a.similarity || a.index - b.index).slice(0, NEAREST);
  });
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
