import { checkAborted } from '../base/aborted.ts';
import { checkOptions, FUNCTION, needed, oneOf, type Rules, SIGNAL, whole } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import { inLoop, scalar } from '../engine/compiled-loop.ts';
import { gradients } from '../graph/gradients.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import { type CoOccurrence, checkTable, covarianceOnTable, spectralOnTable } from '../objectives/co-occurrence.ts';
import { adamw } from '../optimizers/adamw.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { sgd } from '../optimizers/sgd.ts';
import type { Runtime } from '../runtime/runtime.ts';

/** What is minimised over a table, and how. */
export interface TableFitOptions {
  /** Dimensions of the embedding, 1 or more. */
  readonly k: number;
  /** What is minimised. */
  readonly loss: 'spectral' | 'covariance';
  /** Default `sgd`. */
  readonly optimizer?: 'sgd' | 'adamw';
  /** Seed of the random start: a whole number, 0 or more; default 0. */
  readonly seed?: number;
  /** Stops the fit with an `aborted` error before its next steps and frees its program. */
  readonly signal?: AbortSignal;
  /** Steps done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

const RULES: Rules<TableFitOptions> = {
  k: needed(whole(1)),
  loss: needed(oneOf('spectral', 'covariance')),
  optimizer: oneOf('sgd', 'adamw'),
  seed: whole(0),
  signal: SIGNAL,
  onProgress: FUNCTION,
};

/** The result of a fit. */
export interface TableFit {
  /** At the end. */
  readonly loss: number;
  /** Taken. */
  readonly steps: number;
  /** D^½ Z Zᵀ D^½, [states, states] row by row, to compare with the closed form's. */
  readonly gram: Float64Array;
}

const SPECTRAL = { lossOf: spectralOnTable, steps: 2000, rates: { sgd: 0.3, adamw: 0.05 } };
const COVARIANCE = {
  lossOf: (z: Value, table: CoOccurrence) => covarianceOnTable(z, table),
  steps: 6000,
  rates: { sgd: 0.02, adamw: 0.01 },
};

/**
 * Trains a free embedding of every state of a finite table by gradient steps, from a small random start; the rate falls as a cosine.
 * @throws BagsslError `bad-argument`, `aborted`
 */
export async function fitTable(runtime: Runtime, table: CoOccurrence, options: TableFitOptions): Promise<TableFit> {
  checkTable(table);
  checkOptions('fitTable', options, RULES);
  const { k, loss, optimizer = 'sgd', seed = 0, signal, onProgress } = options;
  const { lossOf, steps, rates } = loss === 'spectral' ? SPECTRAL : COVARIANCE;
  const rule: Optimizer = optimizer === 'sgd' ? sgd() : adamw({ weightDecay: 0 });
  const states = table.length;
  const shape = [states, k];

  const graph = createGraph();
  const z = graph.input('z', shape);
  const memory = rule.slots.map((slot) => graph.input(slot, shape));
  const reached = lossOf(z, table);
  const update = rule.update({
    ...{ parameter: z, gradient: gradients(reached, [z])[0], memory },
    ...{ rate: graph.input('rate', []), step: graph.input('step', []) },
  });
  const next = { z: update.parameter, ...Object.fromEntries(rule.slots.map((slot, i) => [slot, update.memory[i]])) };
  const stream = new Stream(seed, 'table');
  const start = { z: Float32Array.from({ length: states * k }, () => stream.uniform() - 0.5) };
  return inLoop(runtime, { next, reads: { loss: reached }, start }, async (loop) => {
    let last = Number.NaN;
    for (let step = 1; step <= steps; step++) {
      checkAborted(signal, `Training on the table was stopped before step ${step}.`);
      const rate = rates[optimizer] * 0.5 * (1 + Math.cos((Math.PI * step) / (steps + 1)));
      const reads = step === steps ? ['loss'] : [];
      const read = await loop.run({ rate: scalar(rate), step: scalar(step) }, reads);
      if (step === steps) last = read.loss[0];
      onProgress?.(step, steps);
    }
    return { loss: last, steps, gram: weightedGram((await loop.state.read()).z, table, k) };
  });
}

function weightedGram(z: Float32Array, table: CoOccurrence, k: number): Float64Array {
  const n = table.length;
  const root = table.map((row) => Math.sqrt(row.reduce((sum, p) => sum + p, 0)));
  return Float64Array.from({ length: n * n }, (_, at) => {
    const [x, y] = [Math.floor(at / n), at % n];
    let dot = 0;
    for (let i = 0; i < k; i++) dot += z[x * k + i] * z[y * k + i];
    return dot * root[x] * root[y];
  });
}
