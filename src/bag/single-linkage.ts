import type { Matrix } from '../base/matrix.ts';

/** Two clusters that join: the strongest link from either to any other row has this cosine. */
export interface Merge {
  /** Rows by their number; the cluster of merge i is number rows + i. */
  readonly parts: readonly [number, number];
  readonly similarity: number;
}

interface Link {
  readonly a: number;
  readonly b: number;
  readonly similarity: number;
}

/**
 * Single-linkage clustering of unit vectors: the merges, the most similar first, down to links of this cosine. Every pair is compared, exactly.
 * Rows of zeros join nothing.
 */
export function singleLinkage(vectors: Matrix, least: number): Merge[] {
  const { rows } = vectors;
  const joinedTo = Int32Array.from({ length: 2 * rows }, (_, cluster) => cluster);
  const clusterOf = (row: number) => {
    let cluster = row;
    while (joinedTo[cluster] !== cluster) cluster = joinedTo[cluster] = joinedTo[joinedTo[cluster]];
    return cluster;
  };
  const links = spanningForest(vectors, least).sort((one, other) => other.similarity - one.similarity);
  return links.map(({ a, b, similarity }, i) => {
    const parts = [clusterOf(a), clusterOf(b)] as const;
    for (const part of parts) joinedTo[part] = rows + i;
    return { parts, similarity };
  });
}

/**
 * Prim's maximum spanning forest of the links whose cosine is at least `least`. For unit vectors ‖a − b‖² = 2 − 2 cos, and a part of the
 * sum is a bound of the whole: most pairs are refused by the dimensions that vary the most, as too far apart or farther than what is found.
 */
function spanningForest({ data, rows, columns }: Matrix, least: number): Link[] {
  // What rounding to float32 may add to a distance of 0.
  const most = 2 - 2 * least + 1e-6;
  const order = byVariance({ data, rows, columns });
  const width = STRIDE * Math.ceil(columns / STRIDE);
  const vectors = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++) vectors[row * width + i] = data[row * columns + order[i]];
  const left = Array.from({ length: rows }, (_, row) => row).filter((row) =>
    data.subarray(row * columns, (row + 1) * columns).some((value) => value !== 0),
  );
  // Of each row that is left, the nearest in the trees so far.
  const nearest = new Int32Array(rows).fill(-1);
  const distance = new Float64Array(rows).fill(most);
  const links: Link[] = [];
  for (let next = 0; left.length > 0; ) {
    const row = left[next];
    const last = left.pop()!;
    if (next < left.length) left[next] = last;
    if (nearest[row] >= 0) links.push({ a: nearest[row], b: row, similarity: 1 - distance[row] / 2 });
    next = 0;
    for (let place = 0; place < left.length; place++) {
      const other = left[place];
      const between = squaredDistance(vectors, row * width, other * width, width, distance[other]);
      if (between < distance[other]) {
        distance[other] = between;
        nearest[other] = row;
      }
      if (distance[other] < distance[left[next]]) next = place;
    }
  }
  return links;
}

/** Numbers compared before it is asked whether a pair is too far apart already. */
const STRIDE = 16;

/** Of two vectors of a multiple of STRIDE numbers; where it is above `most`, a part of it that is too. */
function squaredDistance(vectors: Float32Array, a: number, b: number, width: number, most: number): number {
  let sum = 0;
  for (let i = 0; i < width && sum <= most; i += STRIDE) {
    let part = 0;
    for (let k = i; k < i + STRIDE; k++) {
      const difference = vectors[a + k] - vectors[b + k];
      part += difference * difference;
    }
    sum += part;
  }
  return sum;
}

/** The dimensions, that which varies the most first. */
function byVariance({ data, rows, columns }: Matrix): number[] {
  const sums = new Float64Array(columns);
  const squares = new Float64Array(columns);
  for (let at = 0; at < rows * columns; at++) {
    sums[at % columns] += data[at];
    squares[at % columns] += data[at] ** 2;
  }
  const variance = Array.from(sums, (sum, i) => squares[i] - sum ** 2 / Math.max(1, rows));
  return variance.map((_, i) => i).sort((a, b) => variance[b] - variance[a]);
}
