import type { Matrix } from '../base/matrix.ts';
import { between, checkOptions, givenParts, type Rules } from '../base/options.ts';
import type { ImageId, SearchIndex } from './search-index.ts';

/** What counts as a duplicate. */
export interface DuplicateOptions {
  /** The least cosine of two vectors that makes their images duplicates, -1 to 1. */
  readonly threshold?: number;
}

/** Images that are copies of each other: every one is linked to another of them by a cosine of at least the threshold. */
export interface DuplicateGroup<Id extends ImageId = string> {
  /** Two or more names, in the index's order. */
  readonly ids: readonly Id[];
  /** The weakest of the links that hold the group together, a cosine. */
  readonly similarity: number;
}

const RULES: Rules<DuplicateOptions> = { threshold: between(-1, 1) };

/** The default threshold, measured with the encoder that comes with the package: docs/guides/embed.md. */
export const DUPLICATE_THRESHOLD = 0.85;

/**
 * Groups of near duplicates among the images of an index, the most similar groups first. Every pair is compared, exactly.
 * @throws BagsslError `bad-argument`
 */
export function findDuplicates<Id extends ImageId>(
  index: SearchIndex<Id>,
  options: DuplicateOptions = {},
): DuplicateGroup<Id>[] {
  givenParts(index, 'index', 'ids', 'vectors');
  checkOptions('findDuplicates', options, RULES);
  const { threshold = DUPLICATE_THRESHOLD } = options;
  const links = [...pairsAbove(index.vectors, threshold)].sort((a, b) => b.similarity - a.similarity);
  // The strongest links first, as in Kruskal's spanning tree: a link that joins two groups is the weakest of the new one.
  const group = new Map<number, { rows: number[]; similarity: number }>();
  for (const { a, b, similarity } of links) {
    const left = group.get(a) ?? { rows: [a], similarity };
    const right = group.get(b) ?? { rows: [b], similarity };
    if (left === right) continue;
    const joined = { rows: [...left.rows, ...right.rows], similarity };
    for (const row of joined.rows) group.set(row, joined);
  }
  return [...new Set(group.values())]
    .sort((a, b) => b.similarity - a.similarity)
    .map(({ rows, similarity }) => ({ ids: rows.sort((a, b) => a - b).map((row) => index.ids[row]), similarity }));
}

/** Numbers compared before it is asked whether a pair is too far apart already. */
const STRIDE = 8;

/**
 * The pairs of rows whose cosine is at least `threshold`. For unit vectors ‖a − b‖² = 2 − 2 cos, and a part of the sum is a bound
 * of the whole: most pairs are refused by the few dimensions that vary the most. Rows of zeros are like nothing.
 */
function* pairsAbove({ data, rows, columns }: Matrix, threshold: number) {
  // What rounding to float32 may add to a distance of 0.
  const most = 2 - 2 * threshold + 1e-6;
  const order = byVariance({ data, rows, columns });
  const sorted = Array.from({ length: rows }, (_, row) => row)
    .filter((row) => data.subarray(row * columns, (row + 1) * columns).some((value) => value !== 0))
    .sort((a, b) => data[a * columns + order[0]] - data[b * columns + order[0]]);
  const vectors = new Float32Array(sorted.length * columns);
  sorted.forEach((row, place) => {
    for (let i = 0; i < columns; i++) vectors[place * columns + i] = data[row * columns + order[i]];
  });
  for (let first = 0; first < sorted.length; first++) {
    for (let second = first + 1; second < sorted.length; second++) {
      const [a, b] = [first * columns, second * columns];
      // Sorted by this dimension: all that follow are farther.
      if ((vectors[b] - vectors[a]) ** 2 > most) break;
      let distance = 0;
      for (let i = 0; i < columns && distance <= most; ) {
        for (const end = Math.min(columns, i + STRIDE); i < end; i++)
          distance += (vectors[a + i] - vectors[b + i]) ** 2;
      }
      if (distance <= most) yield { a: sorted[first], b: sorted[second], similarity: 1 - distance / 2 };
    }
  }
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
