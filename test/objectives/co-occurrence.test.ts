import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BagsslError } from '../../src/base/errors.ts';
import { closedForm } from '../../src/evaluation/closed-form.ts';
import { eigenSymmetric } from '../../src/evaluation/eigen-symmetric.ts';
import { fitTable } from '../../src/evaluation/table-fit.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { type CoOccurrence, spectralOnTable } from '../../src/objectives/co-occurrence.ts';
import { spectral } from '../../src/objectives/spectral.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { noLearner } from '../support/no-learner.ts';
import { randoms } from '../support/random.ts';
import { runNative } from '../support/run-native.ts';

const STATES = 16;

/** Four blocks of unequal size, each a pair of halves, and noise: symmetric, sums to 1, marginal not uniform. */
function blocks(): number[][] {
  const noise = randoms(8, STATES * STATES, 0.02, 0.3);
  const block = (x: number) => [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3][x];
  const joint = Array.from({ length: STATES }, (_, x) =>
    Array.from({ length: STATES }, (_, y) => {
      const [low, high] = [Math.min(x, y), Math.max(x, y)];
      return (
        (block(x) === block(y) ? 1.5 + block(x) / 4 : 0) + (x >> 1 === y >> 1 ? 2 : 0) + noise[low * STATES + high]
      );
    }),
  );
  const total = joint.flat().reduce((s, p) => s + p, 0);
  return joint.map((row) => row.map((p) => p / total));
}

const table = blocks();
const sum = (x: number[]) => x.reduce((s, v) => s + v, 0);
/** ‖found − expected‖/‖expected‖. */
const distance = (found: Float64Array, expected: Float64Array) =>
  Math.hypot(...found.map((v, i) => v - expected[i])) / Math.hypot(...expected);
const runtime = () => Runtime.open({ device: 'native', threads: 1 });

describe('joint embeddings reflect co-occurrence (C1): trained against the closed form', () => {
  // The sixth and seventh of s nearly coincide, so that k = 6 would leave the subspace open.
  for (const k of [4, 5]) {
    const { values, spectral, covariance } = closedForm(table, k);
    for (const optimizer of ['sgd', 'adamw'] as const) {
      it(`spectral loss, k = ${k}, ${optimizer}: −Σ sᵢ² and the best approximation of rank k`, async () => {
        const { loss, gram } = await fitTable(await runtime(), table, { k, loss: 'spectral', optimizer });
        assert.ok(Math.abs(loss / spectral.loss - 1) < 1e-5, `${loss}, closed form ${spectral.loss}`);
        assert.ok(distance(gram, spectral.gram) < 1e-4, `${distance(gram, spectral.gram)}`);
      });
    }

    it(`covariance-constrained, k = ${k}: 2(k − Σ sᵢ) and the subspace of the first k`, async () => {
      const { loss, gram } = await fitTable(await runtime(), table, { k, loss: 'covariance' });
      assert.ok(Math.abs(loss / covariance.loss - 1) < 1e-2, `${loss}, closed form ${covariance.loss}`);
      const penalised = covariance.loss - sum(values.slice(0, k).map((s) => (1 - s) ** 2)) / 100;
      assert.ok(Math.abs(loss / penalised - 1) < 1e-5, `${loss}, closed form with the penalty ${penalised}`);
      assert.ok(distance(gram, covariance.gram) < 1e-2, `${distance(gram, covariance.gram)}`);
    });
  }

  it('stops between two steps when told to', async () => {
    const stop = new AbortController();
    let last = 0;
    const onProgress = (done: number) => {
      last = done;
      if (done === 3) stop.abort('enough');
    };
    await assert.rejects(
      fitTable(await runtime(), table, { k: 4, loss: 'spectral', signal: stop.signal, onProgress }),
      (error: BagsslError) => error.code === 'aborted' && error.cause === 'enough',
    );
    assert.equal(last, 3);
  });

  it('takes the eigenvectors from a solver that gives orthonormal ones with A u = s u', () => {
    const marginal = table.map(sum);
    const a = table.map((row, x) => row.map((p, y) => p / Math.sqrt(marginal[x] * marginal[y])));
    const { values, vectors } = eigenSymmetric(a);
    assert.ok(Math.abs(values[0] - 1) < 1e-12, 'the constant function');
    vectors.forEach((u, i) => {
      assert.ok(i === 0 || values[i] <= values[i - 1]);
      const residual = a.map((row, x) => sum(row.map((v, y) => v * u[y])) - values[i] * u[x]);
      assert.ok(Math.hypot(...residual) < 1e-12);
      vectors.forEach((v, j) =>
        assert.ok(Math.abs(sum(u.map((c, x) => c * v[x])) - (i === j ? 1 : 0)) < 1e-12, `${i} ${j}`),
      );
    });
  });
});

describe('the closed form', () => {
  it('leaves out what no embedding reaches', () => {
    // The eigenvalues are 1 and −1.
    const { spectral } = closedForm(
      [
        [0, 0.5],
        [0.5, 0],
      ],
      2,
    );
    assert.ok(Math.abs(spectral.loss + 1) < 1e-12);
    [0.5, 0.5, 0.5, 0.5].forEach((v, at) => assert.ok(Math.abs(spectral.gram[at] - v) < 1e-12));
  });

  it('refuses a table that holds no shares', () => {
    const refused = { code: 'bad-argument', message: /rows of numbers that are 0 or more, and not all 0/ };
    assert.throws(() => closedForm([[-1]], 1), refused);
    assert.throws(
      () =>
        closedForm(
          [
            [1, 0],
            [0, 0],
          ],
          1,
        ),
      refused,
    );
  });
});

describe('the spectral objective of a batch', () => {
  // Two kinds of images; views are drawn independently, each kind with its own frequencies of the states.
  const kinds = [
    { weight: 0.4, of: [0.7, 0.2, 0.1] },
    { weight: 0.6, of: [0.1, 0.3, 0.6] },
  ];
  for (const [views, states] of [
    [2, 3],
    [3, 2],
  ]) {
    it(`has the table's loss as its mean over all batches, ${views} views and ${states} states`, async () => {
      const shares = kinds.map(({ weight, of }) => ({
        weight,
        of: of.slice(0, states).map((p) => p / sum(of.slice(0, states))),
      }));
      const joint: CoOccurrence = Array.from({ length: states }, (_, x) =>
        Array.from({ length: states }, (_, y) => sum(shares.map(({ weight, of }) => weight * of[x] * of[y]))),
      );
      const embedding = randoms(3, states * 2);
      /** Every image there can be: the states of its views, and how likely it is. */
      const images = Array.from({ length: states ** views }, (_, code) => {
        const drawn = Array.from({ length: views }, (_, v) => Math.floor(code / states ** v) % states);
        return { drawn, p: sum(shares.map(({ weight, of }) => weight * drawn.reduce((s, x) => s * of[x], 1))) };
      });
      let mean = 0;
      for (const left of images) {
        for (const right of images) {
          const rows = left.drawn.flatMap((x, v) => [x, right.drawn[v]]);
          const graph = createGraph();
          const loss = spectral().build(graph.input('z', [rows.length, 2]), { views, images: 2 }, noLearner);
          const z = Float32Array.from(rows.flatMap((x) => [embedding[2 * x], embedding[2 * x + 1]]));
          mean += left.p * right.p * loss.report(await runNative({ ...loss.reads }, { z })).loss;
        }
      }
      const graph = createGraph();
      const exact = spectralOnTable(graph.input('z', [states, 2]), joint);
      const expected = (await runNative({ exact }, { z: embedding })).exact[0];
      assert.ok(Math.abs(mean - expected) < 1e-5, `${mean}, table ${expected}`);
    });
  }
});
