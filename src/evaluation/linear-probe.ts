import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import type { Matrix } from '../base/matrix.ts';
import { checkOptions, FUNCTION, type Rules, SIGNAL, whole } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import { inLoop, scalar } from '../engine/compiled-loop.ts';
import { add, log, matmul, mul, neg, reduceMean, reduceSum, shift, slice, softmax } from '../graph/functions.ts';
import { gradients } from '../graph/gradients.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import { sgd } from '../optimizers/sgd.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { checkLabelled, type Labelled } from './knn.ts';

/** How the classifier is trained. */
export interface LinearProbeOptions {
  /** Passes over the training set, 1 or more; default 100. */
  readonly epochs?: number;
  /** Seed of the order of images: a whole number, 0 or more; default 0. */
  readonly seed?: number;
  /** Stops the probe with an `aborted` error and frees its program. */
  readonly signal?: AbortSignal;
  /** Epochs done, of how many. */
  readonly onProgress?: (epoch: number, epochs: number) => void;
}

const RULES: Rules<LinearProbeOptions> = {
  epochs: whole(1),
  seed: whole(0),
  signal: SIGNAL,
  onProgress: FUNCTION,
};

const BATCH = 100;
/** The most SGD steps in one run of the model. They share what a run costs beyond its arithmetic. */
const UNROLLED = 20;

/**
 * Accuracy on `test`, 0 to 1, of a linear classifier trained on frozen vectors by EMP-SSL's protocol: SGD 0.03, momentum
 * 0.9, weight decay 5e-5, batches of 100 (or of all images, if there are fewer), 100 epochs, cosine per epoch. The last
 * epoch counts, not the best. Vectors are first standardised by the training set's mean and deviation, so that one rate
 * suits features of any scale.
 * @throws BagsslError `bad-argument`; `bad-data` for a side without images; `aborted`
 */
export async function linearProbe(
  runtime: Runtime,
  train: Labelled,
  test: Labelled,
  options: LinearProbeOptions = {},
): Promise<number> {
  checkOptions('linearProbe', options, RULES);
  const { epochs = 100, seed = 0, signal, onProgress } = options;
  for (const set of [train, test]) checkLabelled(set);
  const d = train.features.columns;
  const classes = 1 + train.labels.reduce((most, label) => Math.max(most, label), 0);
  const { mean, inverse } = moments(train.features);
  const rows = train.features.rows;
  if (rows === 0 || test.features.rows === 0) {
    throw new BagsslError(
      'bad-data',
      `A linear probe needs images on both sides, got ${rows} and ${test.features.rows}.`,
    );
  }
  // A small set is one batch, and an epoch is at least one run.
  const batch = Math.min(BATCH, rows);
  const unrolled = Math.min(UNROLLED, Math.floor(rows / batch));
  const chunk = batch * unrolled;

  return inLoop(runtime, { next: probeGraph(d, classes, batch, unrolled) }, async (loop) => {
    const x = new Float32Array(chunk * d);
    const y = new Float32Array(chunk * classes);
    let filled = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      checkAborted(signal, 'The linear probe was stopped.');
      const rate = scalar(0.03 * 0.5 * (1 + Math.cos((Math.PI * epoch) / epochs)));
      for (const index of new Stream(seed, 'probe', epoch).permutation(rows)) {
        standardise(train.features, index, mean, inverse, x, filled * d);
        y.fill(0, filled * classes, (filled + 1) * classes);
        y[filled * classes + train.labels[index]] = 1;
        if (++filled < chunk) continue;
        filled = 0;
        await loop.run({ x: { data: x, shape: [chunk, d] }, y: { data: y, shape: [chunk, classes] }, rate });
      }
      onProgress?.(epoch + 1, epochs);
    }
    const { w, b } = await loop.state.read(['w', 'b']);
    return accuracy(test, w, b, mean, inverse, classes);
  });
}

/** The state after steps of SGD on the cross entropy of softmax(xW + b), one after the other in one model. */
function probeGraph(d: number, classes: number, batch: number, unrolled: number): Record<string, Value> {
  const graph = createGraph();
  const x = graph.input('x', [batch * unrolled, d]);
  const y = graph.input('y', [batch * unrolled, classes]);
  const rate = graph.input('rate', []);
  const rule = sgd({ momentum: 0.9, weightDecay: 5e-5 });
  let w = graph.input('w', [d, classes]);
  let b = graph.input('b', [classes]);
  let memory = [graph.input('w.momentum', [d, classes]), graph.input('b.momentum', [classes])];
  for (let k = 0; k < unrolled; k++) {
    const rows = (v: Value) => slice(v, [0], [k * batch], [(k + 1) * batch]);
    const probabilities = softmax(add(matmul(rows(x), w), b));
    const loss = neg(reduceMean(reduceSum(mul(log(shift(probabilities, 1e-12)), rows(y)), [1]), [0]));
    const slopes = gradients(loss, [w, b]);
    const updates = [w, b].map((parameter, i) =>
      rule.update({ parameter, gradient: slopes[i], memory: [memory[i]], rate, step: rate }),
    );
    w = updates[0].parameter;
    b = updates[1].parameter;
    memory = updates.map((update) => update.memory[0]);
  }
  return { w, b, 'w.momentum': memory[0], 'b.momentum': memory[1] };
}

function moments({ data, rows, columns }: Matrix) {
  const mean = new Float64Array(columns);
  const square = new Float64Array(columns);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < columns; i++) {
      const v = data[r * columns + i];
      mean[i] += v / rows;
      square[i] += (v * v) / rows;
    }
  }
  const inverse = square.map((s, i) => 1 / Math.sqrt(Math.max(0, s - mean[i] * mean[i]) + 1e-8));
  return { mean, inverse };
}

function standardise(
  { data, columns }: Matrix,
  index: number,
  mean: Float64Array,
  inverse: Float64Array,
  out: Float32Array,
  at: number,
): void {
  for (let i = 0; i < columns; i++) out[at + i] = (data[index * columns + i] - mean[i]) * inverse[i];
}

function accuracy(
  { features, labels }: Labelled,
  w: Float32Array,
  b: Float32Array,
  mean: Float64Array,
  inverse: Float64Array,
  classes: number,
): number {
  const d = features.columns;
  const x = new Float32Array(d);
  let correct = 0;
  for (let r = 0; r < features.rows; r++) {
    standardise(features, r, mean, inverse, x, 0);
    const logits = Float64Array.from(b);
    for (let i = 0; i < d; i++) for (let c = 0; c < classes; c++) logits[c] += x[i] * w[i * classes + c];
    if (logits.indexOf(Math.max(...logits)) === labels[r]) correct++;
  }
  return correct / features.rows;
}
