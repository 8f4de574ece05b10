import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KNN_PROTOCOLS, knnAccuracies, type Labelled, linearProbe } from '../../src/evaluate.ts';
import type { BagsslError } from '../../src/index.ts';
import { Runtime } from '../../src/runtime.ts';
import { randoms } from '../support/random.ts';

const runtime = await Runtime.open({ device: 'native', threads: 1 });

/** Points around `classes` centres in d dimensions; `noise` decides how far. */
function clusters(seed: number, rows: number, d: number, classes: number, noise: number): Labelled {
  const centres = randoms(1, classes * d);
  const wiggle = randoms(seed, rows * d);
  const labels = Int32Array.from({ length: rows }, (_, r) => r % classes);
  const data = wiggle.map((v, i) => noise * v + centres[labels[Math.floor(i / d)] * d + (i % d)]);
  return { features: { data, rows, columns: d }, labels };
}

/** kNN by the definition: sort everything, in float64. */
function reference(train: Labelled, test: Labelled, k: number, temperature: number): number {
  const { columns: d } = train.features;
  const unit = ({ data }: { data: Float32Array }, r: number) => {
    const row = Array.from(data.subarray(r * d, (r + 1) * d));
    const norm = Math.hypot(...row);
    return row.map((v) => v / norm);
  };
  const bank = Array.from({ length: train.features.rows }, (_, r) => unit(train.features, r));
  let correct = 0;
  for (let t = 0; t < test.features.rows; t++) {
    const query = unit(test.features, t);
    const order = bank
      .map((row, index) => ({ s: row.reduce((sum, v, i) => sum + v * query[i], 0), index }))
      .sort((a, b) => b.s - a.s)
      .slice(0, k);
    const votes = new Float64Array(20);
    for (const { s, index } of order) votes[train.labels[index]] += Math.exp(s / temperature);
    if (votes.indexOf(Math.max(...votes)) === test.labels[t]) correct++;
  }
  return correct / test.features.rows;
}

describe('weighted nearest neighbours', () => {
  it('agree with the definition, over more rows than one block of the bank and of the queries', async () => {
    const train = clusters(2, 5300, 6, 5, 1.5);
    const test = clusters(3, 510, 6, 5, 1.5);
    const found = await knnAccuracies(runtime, train, test, KNN_PROTOCOLS);
    await assert.rejects(
      knnAccuracies(runtime, train, test, KNN_PROTOCOLS, { signal: AbortSignal.abort() }),
      (error: BagsslError) => error.code === 'aborted',
    );
    assert.ok(Math.abs(found.knnK200 - reference(train, test, 200, 0.1)) < 0.005);
    assert.ok(Math.abs(found.knnK20 - reference(train, test, 20, 0.07)) < 0.005);
    assert.ok(found.knnK20 > 0.4 && found.knnK20 < 0.999, 'the task is neither trivial nor hopeless');
  });

  it('let every vector vote if there are fewer than k', async () => {
    const few = clusters(4, 10, 4, 2, 0.1);
    assert.equal((await knnAccuracies(runtime, few, few, KNN_PROTOCOLS)).knnK20, 1);
  });

  it('find a class that has one image, where it is nearest, and are outvoted where the bank is full of others', async () => {
    // Class 1 has one image, at a right angle to the nine of class 0.
    const rows = Array.from({ length: 10 }, (_, i) => (i === 9 ? [0, 1] : [1, i / 100]));
    const lone = {
      features: { data: Float32Array.from(rows.flat()), rows: 10, columns: 2 },
      labels: Int32Array.from(rows, (_, i) => Number(i === 9)),
    };
    const query = { features: { data: Float32Array.of(0, 1), rows: 1, columns: 2 }, labels: Int32Array.of(1) };
    const near = { k: 1, temperature: 0.1 };
    // exp(1/10) against nine votes of about exp(0): with a flat vote the majority wins.
    const flat = { k: 200, temperature: 10 };
    assert.deepEqual(await knnAccuracies(runtime, lone, query, { near, flat }), { near: 1, flat: 0 });
    assert.equal(await linearProbe(runtime, lone, query, { epochs: 30 }), 1);
  });
});

describe('the linear probe', () => {
  it('separates what is separable and cannot learn labels that mean nothing', async () => {
    const train = clusters(5, 3000, 8, 4, 0.5);
    const test = clusters(6, 400, 8, 4, 0.5);
    assert.ok((await linearProbe(runtime, train, test, { epochs: 10 })) > 0.95);
    const noise: Labelled = { ...test, features: { ...test.features, data: randoms(7, 400 * 8) } };
    const chance = await linearProbe(
      runtime,
      { ...train, features: { ...train.features, data: randoms(8, 3000 * 8) } },
      noise,
      { epochs: 10 },
    );
    assert.ok(chance < 0.4, `${chance}`);
  });

  it('does not care for the scale of the features', async () => {
    const train = clusters(5, 2000, 8, 4, 1);
    const test = clusters(6, 400, 8, 4, 1);
    const scaled = (side: Labelled): Labelled => ({
      ...side,
      features: { ...side.features, data: side.features.data.map((v) => 1000 * v) },
    });
    const plain = await linearProbe(runtime, train, test, { epochs: 5 });
    const large = await linearProbe(runtime, scaled(train), scaled(test), { epochs: 5 });
    assert.ok(Math.abs(plain - large) < 0.02);
  });
});
