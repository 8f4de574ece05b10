import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Whitening } from '../../src/embed.ts';
import type { BagsslError } from '../../src/index.ts';
import { Runtime } from '../../src/runtime.ts';
import { randoms } from '../support/random.ts';

const stopped = { signal: AbortSignal.abort() };
const aborted = (error: BagsslError) => error.code === 'aborted';
const runtime = await Runtime.open({ device: 'native', threads: 1 });

/** Vectors of which one direction is a thousand times as wide as another, none of them along an axis. */
function stretched(seed: number, rows: number, d: number) {
  const mix = randoms(7, d * d);
  const plain = randoms(seed, rows * d);
  const data = new Float32Array(rows * d);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < d; i++) {
      let v = 3;
      for (let k = 0; k < d; k++) v += plain[r * d + k] * mix[k * d + i] * 10 ** ((-3 * k) / (d - 1));
      data[r * d + i] = v;
    }
  }
  return { data, rows, columns: d };
}

/** The covariance [d, d] of rows, and its trace, in float64. */
function covariance({ data, rows, columns: d }: { data: Float32Array; rows: number; columns: number }) {
  const mean = Array.from({ length: d }, (_, i) => {
    let total = 0;
    for (let r = 0; r < rows; r++) total += data[r * d + i];
    return total / rows;
  });
  const c = new Float64Array(d * d);
  for (let r = 0; r < rows; r++) {
    for (let i = 0; i < d; i++) {
      for (let j = 0; j < d; j++) c[i * d + j] += ((data[r * d + i] - mean[i]) * (data[r * d + j] - mean[j])) / rows;
    }
  }
  return { c, trace: Array.from({ length: d }, (_, i) => c[i * d + i]).reduce((a, b) => a + b) };
}

const product = (a: ArrayLike<number>, b: ArrayLike<number>, d: number) =>
  Float64Array.from({ length: d * d }, (_, at) => {
    let total = 0;
    for (let k = 0; k < d; k++) total += a[Math.floor(at / d) * d + k] * b[k * d + (at % d)];
    return total;
  });

describe('whitening', () => {
  const d = 24;

  it('is the inverse root of the covariance and its ridge', async () => {
    // 2,300 rows: one whole block and one that is filled up.
    const vectors = stretched(1, 2300, d);
    const ridge = 0.01;
    const { matrix } = await Whitening.fit(runtime, vectors, { ridge });
    const { c, trace } = covariance(vectors);
    for (let i = 0; i < d; i++) c[i * d + i] += (ridge * trace) / d;
    const unit = product(product(matrix, c, d), matrix, d);
    unit.forEach((v, at) => assert.ok(Math.abs(v - Number(at % (d + 1) === 0)) < 2e-3, `[${at}] ${v}`));
  });

  it('gives every direction one scale and takes the mean off', async () => {
    const vectors = stretched(2, 2300, d);
    const whitening = await Whitening.fit(runtime, vectors, { ridge: 1e-4 });
    const white = await whitening.applyAll(runtime, vectors);
    const { c } = covariance(white);
    // The widest direction is whole, the narrowest is what the ridge leaves of it.
    c.forEach((v, at) => assert.ok(Math.abs(v - Number(at % (d + 1) === 0)) < 0.5, `[${at}] ${v}`));
    const means = Array.from({ length: d }, (_, i) => {
      let total = 0;
      for (let r = 0; r < white.rows; r++) total += white.data[r * d + i];
      return total / white.rows;
    });
    means.forEach((mean) => assert.ok(Math.abs(mean) < 1e-2, `${mean}`));
  });

  it('treats one vector as it treats all', async () => {
    const vectors = stretched(3, 50, d);
    const whitening = await Whitening.fit(runtime, vectors);
    const all = await whitening.applyAll(runtime, vectors);
    for (const row of [0, 17, 49]) {
      whitening
        .apply(vectors.data.subarray(row * d, (row + 1) * d))
        .forEach((v, i) => assert.ok(Math.abs(v - all.data[row * d + i]) < 1e-3 * (1 + Math.abs(v))));
    }
  });

  it('refuses what it cannot learn from', async () => {
    const vectors = stretched(4, 3, d);
    const refused = async (work: Promise<unknown>, code: string, said: RegExp) =>
      assert.rejects(work, (error: BagsslError) => error.code === code && said.test(error.message));
    await refused(
      Whitening.fit(runtime, { ...vectors, rows: 1, data: vectors.data.subarray(0, d) }),
      'bad-data',
      /got 1/,
    );
    await refused(Whitening.fit(runtime, { ...vectors, data: vectors.data.map(() => 2) }), 'bad-data', /the same/);
    await refused(Whitening.fit(runtime, { ...vectors, data: vectors.data.map(() => Number.NaN) }), 'bad-data', /NaN/);
    const few = { data: randoms(5, 12 * d), rows: 12, columns: d };
    await refused(Whitening.fit(runtime, few, { ridge: 1e-12 }), 'bad-data', /A ridge of 1e-12 is too small.*larger/);
    await refused(Whitening.fit(runtime, vectors, { ridge: 0 }), 'bad-argument', /got 0/);
    const whitening = await Whitening.fit(runtime, vectors);
    assert.throws(
      () => whitening.apply(new Float32Array(d + 1)),
      (error: BagsslError) => error.code === 'shape-mismatch' && /24 dimensions, the vector of 25/.test(error.message),
    );
    await refused(
      whitening.applyAll(runtime, { data: new Float32Array(8), rows: 2, columns: 4 }),
      'shape-mismatch',
      /of 4/,
    );
    assert.throws(
      () => new Whitening(new Float32Array(3), new Float32Array(8)),
      (error: BagsslError) => error.code === 'shape-mismatch' && /9 numbers, got 8/.test(error.message),
    );
  });

  it('stops when told to', async () => {
    const vectors = stretched(3, 20, 4);
    await assert.rejects(Whitening.fit(runtime, vectors, stopped), aborted);
    const whitening = await Whitening.fit(runtime, vectors);
    await assert.rejects(whitening.applyAll(runtime, vectors, stopped), aborted);
  });
});
