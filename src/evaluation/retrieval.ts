import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, given, OBJECT, type Rules, SIGNAL } from '../base/options.ts';
import { checkLabelled, type Labelled } from './knn.ts';
import { type Measure, measureOf } from './measure.ts';
import { checkDifferent, unitRows } from './unit-rows.ts';

/** Against what, and how, retrieval is measured. */
export interface RetrievalOptions {
  /** The vectors that are searched. Default: the queries themselves, each left out of its own search. */
  readonly bank?: Labelled;
  /** Stops the work with an `aborted` error. */
  readonly signal?: AbortSignal;
  /** Called now and then with the number of queries done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<RetrievalOptions> = { bank: OBJECT, signal: SIGNAL, onProgress: FUNCTION };

/** One query's result. */
export interface RetrievedQuery {
  /** Its row among the queries. */
  readonly query: number;
  /** Its average precision, above 0 to 1. */
  readonly averagePrecision: number;
  /** Rows of the bank, most similar first: at most 10. */
  readonly nearest: readonly number[];
}

/** How well vectors find images of a query's class. */
export interface Retrieval {
  /** The share of queries whose nearest image is of their class. */
  readonly precisionAt1: Measure;
  /** The mean share of a query's class among its 5 nearest; absent if the bank has fewer than 5 images. */
  readonly precisionAt5?: Measure;
  /** The mean over queries of their average precision: the mean, over the images of the query's class, of the precision at their ranks. */
  readonly meanAveragePrecision: Measure;
  /** Queries that were measured. */
  readonly queries: number;
  /** Queries left out because the bank has no image of their class. */
  readonly leftOut: number;
  /** Each measured query, in order. */
  readonly each: readonly RetrievedQuery[];
}

const STOPPED = 'Measuring retrieval was stopped.';
const SHOWN = 10;

/**
 * Retrieval by cosine: each query ranks the whole bank, and a hit is an image of its class. Computed in float64; of two images that are
 * equally similar, the one that comes first in the bank ranks first. A vector of zeros has cosine 0 with every other.
 * @throws BagsslError `bad-data` where the measures would mean nothing: fewer than three images, images of one class only, no class
 * with two images, vectors that are all the same; `shape-mismatch`, `bad-argument`, `aborted`
 */
export async function retrieval(queries: Labelled, options: RetrievalOptions = {}): Promise<Retrieval> {
  checkOptions('retrieval', options, RULES);
  const { bank = queries, signal, onProgress } = options;
  for (const side of [queries, bank]) checkSide(side);
  const { columns } = bank.features;
  if (queries.features.columns !== columns) {
    throw new BagsslError(
      'shape-mismatch',
      `The bank's vectors have ${columns} dimensions, the queries' ${queries.features.columns}.`,
    );
  }
  const own = bank === queries;
  checkMeaningful(queries, bank, own);
  const rows = unitRows(bank.features);
  checkDifferent(rows, columns);
  const asked = own ? rows : unitRows(queries.features);
  const total = queries.features.rows;
  const each: (RetrievedQuery & { readonly at1: number; readonly at5: number })[] = [];
  let ticked = performance.now();
  for (let q = 0; q < total; q++) {
    if (performance.now() - ticked > 50) {
      // Lets the signal, and a page, have their turn.
      await new Promise((resolve) => setTimeout(resolve));
      ticked = performance.now();
      onProgress?.(q, total);
    }
    checkAborted(signal, STOPPED);
    const order = ranked(rows, asked.subarray(q * columns, (q + 1) * columns), own ? q : -1);
    const hits = order.map((row) => Number(bank.labels[row] === queries.labels[q]));
    const relevant = hits.reduce((sum, hit) => sum + hit, 0);
    if (relevant === 0) continue;
    let [found, sum] = [0, 0];
    hits.forEach((hit, rank) => {
      found += hit;
      if (hit) sum += found / (rank + 1);
    });
    each.push({
      query: q,
      averagePrecision: sum / relevant,
      nearest: [...order.subarray(0, SHOWN)],
      at1: hits[0],
      at5: (hits[0] + hits[1] + hits[2] + hits[3] + hits[4]) / 5,
    });
  }
  onProgress?.(total, total);
  const searched = bank.features.rows - Number(own);
  return {
    precisionAt1: measureOf(each.map(({ at1 }) => at1)),
    ...(searched >= 5 && { precisionAt5: measureOf(each.map(({ at5 }) => at5)) }),
    meanAveragePrecision: measureOf(each.map(({ averagePrecision }) => averagePrecision)),
    queries: each.length,
    leftOut: total - each.length,
    each: each.map(({ query, averagePrecision, nearest }) => ({ query, averagePrecision, nearest })),
  };
}

function checkSide(side: Labelled): void {
  checkLabelled(side);
  const { features, labels } = side;
  given(labels.length === features.rows, labels, 'labels', `a class for each of the ${features.rows} vectors`);
}

/** Refuses images among which precision is the same whatever their vectors are. */
function checkMeaningful(queries: Labelled, bank: Labelled, own: boolean): void {
  const bad = (what: string) => new BagsslError('bad-data', `Retrieval cannot be measured: ${what}.`);
  const images = bank.features.rows;
  if (images < (own ? 3 : 2) || queries.features.rows === 0) {
    const found = images === 1 ? 'there is 1 image' : `there are ${images} images`;
    throw bad(`${found}; a query needs at least two others to choose between`);
  }
  const counts = new Map<number, number>();
  for (const label of bank.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (counts.size === 1) throw bad('all images are of one class, so every answer would be right');
  if (!queries.labels.some((label) => (counts.get(label) ?? 0) > Number(own)))
    throw bad(
      own ? 'no class has two images, so there is nothing to find' : 'no query is of a class that the bank has',
    );
}

/** The bank's rows by falling cosine with a unit vector, without row `left`. */
function ranked(rows: Float64Array, query: Float64Array, left: number): Int32Array {
  const width = query.length;
  const count = rows.length / width;
  const cosines = new Float64Array(count);
  for (let row = 0, at = 0; row < count; row++) {
    let dot = 0;
    for (let i = 0; i < width; i++) dot += rows[at++] * query[i];
    cosines[row] = dot;
  }
  const order = new Int32Array(count - Number(left >= 0));
  for (let row = 0, to = 0; row < count; row++) if (row !== left) order[to++] = row;
  return order.sort((a, b) => cosines[b] - cosines[a] || a - b);
}
