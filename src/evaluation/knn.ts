import { Nearest, type Neighbour } from '../bag/nearest.ts';
import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { checkMatrix, type Matrix } from '../base/matrix.ts';
import { aboveZero, checkOptions, givenParts, needed, SIGNAL, whole } from '../base/options.ts';
import { inLoop } from '../engine/compiled-loop.ts';
import { matmul } from '../graph/functions.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** A weighted nearest-neighbour protocol: cosine similarity s, votes exp(s/T) of the k nearest. */
export interface KnnProtocol {
  /** Neighbours that vote, 1 or more. */
  readonly k: number;
  /** A neighbour's vote counts exp(cosine / temperature); above 0. */
  readonly temperature: number;
}

/** Two common protocols: lightly's and EMP-SSL's. */
export const KNN_PROTOCOLS = {
  knnK200: { k: 200, temperature: 0.1 },
  knnK20: { k: 20, temperature: 0.07 },
} as const satisfies Record<string, KnnProtocol>;

/** Vectors and their classes, row by row. */
export interface Labelled {
  /** One row per image, [images, width]. */
  readonly features: Matrix;
  /** Class index of each row. */
  readonly labels: Int32Array;
}

/** The most vectors in one product: their similarities, which it returns, are then 10 MB. */
const MOST_QUERIES = 500;
const MOST_BANK = 5000;

/** @throws BagsslError `bad-argument` for anything but labelled vectors */
export function checkLabelled(vectors: Labelled): void {
  givenParts(vectors, 'What is evaluated', 'features', 'labels');
  checkMatrix(vectors.features, 'features');
}

/**
 * Accuracy of each protocol on `test`, 0 to 1, with `train` as the bank. The runtime computes the similarities, a product of all
 * test vectors with all training vectors; the votes are counted here. If there are fewer than k training vectors, all of them vote.
 * @throws BagsslError `bad-argument`, `shape-mismatch`, `bad-data` for a side without images, `aborted`
 */
export async function knnAccuracies<P extends Record<string, KnnProtocol>>(
  runtime: Runtime,
  train: Labelled,
  test: Labelled,
  protocols: P,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Record<keyof P, number>> {
  for (const set of [train, test]) checkLabelled(set);
  givenParts(protocols, 'The protocols');
  for (const [name, protocol] of Object.entries(protocols)) {
    checkOptions(`protocols.${name}`, protocol, { k: needed(whole(1)), temperature: needed(aboveZero()) });
  }
  checkOptions('knnAccuracies', options, { signal: SIGNAL });
  const { signal } = options;
  const { columns } = train.features;
  if (columns !== test.features.columns) {
    throw new BagsslError(
      'shape-mismatch',
      `The bank's vectors have ${columns} dimensions, the queries' ${test.features.columns}.`,
    );
  }
  if (train.features.rows === 0 || test.features.rows === 0) {
    throw new BagsslError(
      'bad-data',
      `kNN needs images on both sides, got ${train.features.rows} and ${test.features.rows}.`,
    );
  }
  const classes = 1 + train.labels.reduce((most, label) => Math.max(most, label), 0);
  const deepest = Math.min(train.features.rows, Math.max(...Object.values(protocols).map(({ k }) => k)));
  const bank = unitRows(train.features);
  const queries = unitRows(test.features);
  const correct = Object.fromEntries(Object.keys(protocols).map((name) => [name, 0])) as Record<keyof P, number>;

  const queryRows = Math.min(MOST_QUERIES, test.features.rows);
  const bankRows = Math.min(MOST_BANK, train.features.rows);
  const graph = createGraph();
  const product = matmul(graph.input('queries', [queryRows, columns]), graph.input('bank', [columns, bankRows]));
  const nearest = Array.from({ length: test.features.rows }, () => new Nearest(deepest));
  await inLoop(runtime, { reads: { similarities: product } }, async (loop) => {
    for (let b = 0; b < train.features.rows; b += bankRows) {
      const here = Math.min(bankRows, train.features.rows - b);
      const block = { data: transposedBlock(bank, columns, b, here, bankRows), shape: [columns, bankRows] };
      for (let q = 0; q < test.features.rows; q += queryRows) {
        checkAborted(signal, 'Measuring nearest neighbours was stopped.');
        const rows = Math.min(queryRows, test.features.rows - q);
        const data = new Float32Array(queryRows * columns);
        data.set(queries.subarray(q * columns, (q + rows) * columns));
        const feeds = { queries: { data, shape: [queryRows, columns] }, bank: block };
        const { similarities } = await loop.run(feeds, ['similarities']);
        for (let i = 0; i < rows; i++) {
          const list = nearest[q + i];
          for (let j = 0; j < here; j++) list.offer(similarities[i * bankRows + j], b + j);
        }
      }
    }
  });
  nearest.forEach((list, i) => {
    const order = list.sorted();
    for (const [name, { k, temperature }] of Object.entries(protocols) as [keyof P, KnnProtocol][]) {
      if (vote(order.slice(0, k), train.labels, classes, temperature) === test.labels[i]) correct[name]++;
    }
  });
  for (const name of Object.keys(correct) as (keyof P)[]) correct[name] /= test.features.rows;
  return correct;
}

function vote(neighbours: readonly Neighbour[], labels: Int32Array, classes: number, temperature: number): number {
  const votes = new Float64Array(classes);
  for (const { similarity, index } of neighbours) votes[labels[index]] += Math.exp(similarity / temperature);
  return votes.indexOf(Math.max(...votes));
}

function unitRows({ data, rows, columns }: Matrix): Float32Array {
  const out = new Float32Array(data.length);
  for (let r = 0; r < rows; r++) {
    let square = 0;
    for (let i = r * columns; i < (r + 1) * columns; i++) square += data[i] * data[i];
    const inverse = 1 / Math.sqrt(square + 1e-24);
    for (let i = r * columns; i < (r + 1) * columns; i++) out[i] = data[i] * inverse;
  }
  return out;
}

/** Columns b … b + count − 1 of the bank's transpose, zeros after them up to `width`. */
function transposedBlock(bank: Float32Array, columns: number, b: number, count: number, width: number): Float32Array {
  const block = new Float32Array(columns * width);
  for (let j = 0; j < count; j++) {
    for (let i = 0; i < columns; i++) block[i * width + j] = bank[(b + j) * columns + i];
  }
  return block;
}
