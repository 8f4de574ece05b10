import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gradients } from '../../src/graph/gradients.ts';
import type { Value } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { type CoOccurrence, covarianceOnTable, spectralOnTable } from '../../src/objectives/co-occurrence.ts';
import { spectral } from '../../src/objectives/spectral.ts';
import { adamw } from '../../src/optimizers/adamw.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { sgd } from '../../src/optimizers/sgd.ts';
import { ResidentState } from '../../src/runtime/resident-state.ts';
import { Runtime } from '../../src/runtime/runtime.ts';
import { eigenSymmetric } from '../support/jacobi.ts';
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
const marginal = table.map((row) => row.reduce((s, p) => s + p, 0));
/** D^-½ P D^-½ = U S Uᵀ. */
const { values, vectors } = eigenSymmetric(
  table.map((row, x) => row.map((p, y) => p / Math.sqrt(marginal[x] * marginal[y]))),
);
const sum = (x: number[]) => x.reduce((s, v) => s + v, 0);
const pairs = (entry: (x: number, y: number) => number) =>
  Array.from({ length: STATES ** 2 }, (_, i) => entry(Math.floor(i / STATES), i % STATES));
/** ‖found − expected‖/‖expected‖. */
const distance = (found: number[], expected: number[]) =>
  Math.hypot(...found.map((v, i) => v - expected[i])) / Math.hypot(...expected);

/** Free embeddings of the table's states, trained on a loss from a small random start; a rate falling as a cosine. */
async function train(lossOf: (z: Value) => Value, k: number, optimizer: Optimizer, peak: number, steps = 2000) {
  const graph = createGraph();
  const shape = [STATES, k];
  const z = graph.input('z', shape);
  const memory = optimizer.slots.map((slot) => graph.input(slot, shape));
  const scalars = { rate: graph.input('rate', []), step: graph.input('step', []) };
  const loss = lossOf(z);
  const update = optimizer.update({ parameter: z, gradient: gradients(loss, [z])[0], memory, ...scalars });
  const next = { z: update.parameter, ...Object.fromEntries(optimizer.slots.map((s, i) => [s, update.memory[i]])) };
  const outputs = Object.fromEntries(Object.entries(next).map(([name, value]) => [`${name}.next`, value]));
  const runtime = await Runtime.open({ device: 'native', threads: 1 });
  const program = await runtime.compile(writeOnnx({ ...outputs, loss }));
  const state = Object.keys(next).map((name) => ({ name, shape }));
  const start = Object.fromEntries(state.map(({ name }) => [name, new Float32Array(STATES * k)]));
  const resident = await ResidentState.create(runtime, state, { ...start, z: randoms(4, STATES * k, -0.5, 0.5) });
  let reached = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    const rate = peak * 0.5 * (1 + Math.cos((Math.PI * step) / (steps + 1)));
    const scalar = (v: number) => ({ data: Float32Array.of(v), shape: [] });
    reached = (await resident.run(program, { rate: scalar(rate), step: scalar(step) }, ['loss'])).loss[0];
  }
  const rows = (await resident.read()).z;
  resident.dispose();
  await program.dispose();
  return { loss: reached, z: (x: number) => Array.from(rows.subarray(x * k, (x + 1) * k)) };
}

describe('joint embeddings reflect co-occurrence (C1): trained against the closed form', () => {
  // The sixth and seventh of s nearly coincide, so that k = 6 would leave the subspace open.
  for (const k of [4, 5]) {
    const top = values.slice(0, k);
    for (const [name, optimizer, peak] of [
      ['SGD', sgd(), 0.3],
      ['AdamW', adamw({ weightDecay: 0 }), 0.05],
    ] as const) {
      it(`spectral loss, k = ${k}, ${name}: −Σ sᵢ² and the best approximation of rank k`, async () => {
        const { loss, z } = await train((x) => spectralOnTable(x, table), k, optimizer, peak);
        const minimum = -sum(top.map((s) => s * s));
        const gram = pairs((x, y) => sum(z(x).map((v, i) => v * z(y)[i])));
        const best = pairs(
          (x, y) => sum(top.map((s, i) => s * vectors[i][x] * vectors[i][y])) / Math.sqrt(marginal[x] * marginal[y]),
        );
        assert.ok(Math.abs(loss / minimum - 1) < 1e-5, `${loss}, closed form ${minimum}`);
        assert.ok(distance(gram, best) < 1e-4, `${distance(gram, best)}`);
      });
    }

    it(`covariance-constrained, k = ${k}: 2(k − Σ sᵢ) and the subspace of the first k`, async () => {
      const { loss, z } = await train((x) => covarianceOnTable(x, table), k, sgd(), 0.02, 6000);
      const minimum = 2 * (k - sum(top));
      // D^½ Z Zᵀ D^½ against the projector U_k U_kᵀ: the same subspace, and lengths that meet the constraint.
      const gram = pairs((x, y) => sum(z(x).map((v, i) => v * z(y)[i])) * Math.sqrt(marginal[x] * marginal[y]));
      const projector = pairs((x, y) => sum(top.map((_, i) => vectors[i][x] * vectors[i][y])));
      assert.ok(Math.abs(loss / minimum - 1) < 1e-2, `${loss}, closed form ${minimum}`);
      const penalised = minimum - sum(top.map((s) => (1 - s) ** 2)) / 100;
      assert.ok(Math.abs(loss / penalised - 1) < 1e-5, `${loss}, closed form with the penalty ${penalised}`);
      assert.ok(distance(gram, projector) < 1e-2, `${distance(gram, projector)}`);
    });
  }
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
