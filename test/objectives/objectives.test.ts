import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gradients } from '../../src/graph/gradients.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { alignUniform } from '../../src/objectives/align-uniform.ts';
import { codingRate } from '../../src/objectives/coding-rate.ts';
import type { Objective } from '../../src/objectives/objective.ts';
import { vicreg } from '../../src/objectives/vicreg.ts';
import { noLearner } from '../support/no-learner.ts';
import { randoms } from '../support/random.ts';
import { codingRateLoss, numericGradient, type Rows, relativeError, toRows, vicregPair } from '../support/reference.ts';
import { runNative } from '../support/run-native.ts';

/** An objective's reported value and its gradient, run on native ONNX Runtime. */
async function evaluate(objective: Objective, views: number, images: number, d: number, data: Float32Array) {
  const graph = createGraph();
  const projection = graph.input('projection', [views * images, d]);
  const loss = objective.build(projection, { views, images }, noLearner);
  const [gradient] = gradients(loss.surrogate, [projection]);
  const out = await runNative({ ...loss.reads, gradient }, { projection: data });
  return { report: loss.report(out), gradient: out.gradient };
}

describe('alignment and uniformity', () => {
  for (const [views, images, d] of [
    [2, 6, 4],
    [3, 4, 9],
  ]) {
    it(`value and gradient against float64, ${views} views of ${images} images in ${d} dimensions`, async () => {
      const data = randoms(views * 10 + d, views * images * d);
      const reference = (x: ArrayLike<number>) => {
        const z = toRows(x, views * images, d).map((row) => row.map((v) => v / Math.hypot(...row)));
        const at = (view: number, image: number) => z[view * images + image];
        const distance = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - b[i]) ** 2, 0);
        const pairs = (n: number) =>
          Array.from({ length: n * n }, (_, k) => [k % n, Math.floor(k / n)]).filter(([a, b]) => a !== b);
        const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
        const each = Array.from({ length: images }, (_, b) =>
          pairs(views).map(([v, w]) => distance(at(v, b), at(w, b))),
        );
        const potentials = Array.from({ length: views }, (_, v) =>
          Math.log(mean(pairs(images).map(([b, c]) => Math.exp(-3 * distance(at(v, b), at(v, c)))))),
        );
        return mean(each.flat()) + 0.5 * mean(potentials);
      };
      const objective = alignUniform({ uniformity: 0.5, sharpness: 3 });
      const { report, gradient } = await evaluate(objective, views, images, d, data);
      assert.ok(relativeError([report.loss], [reference(data)]) < 1e-5);
      assert.ok(relativeError(gradient, numericGradient(reference, data)) < 1e-3);
    });
  }
});

describe('total coding rate', () => {
  for (const [views, images, d] of [
    [2, 6, 4],
    [3, 4, 9],
    [5, 8, 8],
  ]) {
    it(`value and gradient against float64, ${views} views of ${images} images in ${d} dimensions`, async () => {
      const data = randoms(views * 100 + d, views * images * d);
      const { report, gradient } = await evaluate(codingRate({ similarity: 20 }), views, images, d, data);
      const reference = (x: ArrayLike<number>) => codingRateLoss(toRows(x, views * images, d), views, images, 0.2, 20);
      const expected = reference(data);
      assert.ok(
        relativeError(
          [report.loss, report.codingRate, report.similarity],
          [expected.loss, expected.rate, expected.similarity],
        ) < 1e-5,
      );
      assert.ok(
        relativeError(
          gradient,
          numericGradient((x) => reference(x).loss, data),
        ) < 1e-3,
      );
    });
  }

  it('meets its known bounds: −½ log(1 + d/ε²) collapsed, −(r/2) log(1 + d/(ε² r)) at best', async () => {
    const [m, d] = [12, 6];
    const same = new Float32Array(2 * m * d).map((_, i) => (i % d === 0 ? 1 : 0));
    const collapsed = await evaluate(codingRate({ similarity: 0 }), 2, m, d, same);
    assert.ok(Math.abs(collapsed.report.codingRate - 0.5 * Math.log(1 + d / 0.2)) < 1e-4);
    assert.equal(Math.round(collapsed.report.similarity * 1e5), 1e5);
    const spread = new Float32Array(2 * m * d).map((_, i) => (i % d === Math.floor(i / d) % d ? 1 : 0));
    const best = await evaluate(codingRate({ similarity: 0 }), 2, m, d, spread);
    assert.ok(Math.abs(best.report.codingRate - (d / 2) * Math.log(1 + d / (0.2 * d))) < 1e-4);
  });

  it('inverts a nearly collapsed batch of the real size to 1 %, where the condition number is 1,280', async () => {
    const [m, d] = [50, 256];
    const data = randoms(5, 2 * m * d, -0.02, 0.02).map((v, i) => v + (i % d < 3 ? 1 : 0));
    const { gradient, report } = await evaluate(codingRate({ similarity: 0 }), 2, m, d, data);
    const small = codingRateLoss(toRows(data.slice(0, m * d), m, d), 1, m, 0.2, 0);
    assert.ok(report.codingRate > 0 && Number.isFinite(small.rate));
    // Along a random direction: float64 differences of the first view's rate, which is half of the loss.
    const direction = randoms(9, m * d);
    const along = (h: number) =>
      codingRateLoss(
        toRows(
          data.slice(0, m * d).map((v, i) => v + h * direction[i]),
          m,
          d,
        ),
        1,
        m,
        0.2,
        0,
      ).loss;
    const numeric = (along(1e-3) - along(-1e-3)) / 2e-3 / 2;
    const found = direction.reduce((s, v, i) => s + v * gradient[i], 0);
    assert.ok(Math.abs(found - numeric) < 0.01 * Math.abs(numeric) + 1e-3, `${found} against ${numeric}`);
  });
});

describe('VICReg', () => {
  const mean = (parts: Rows[]): Rows =>
    parts[0].map((row, b) => row.map((_, i) => parts.reduce((s, p) => s + p[b][i], 0) / parts.length));
  for (const [views, images, d] of [
    [2, 7, 5],
    [4, 6, 3],
  ]) {
    it(`value and gradient against float64, ${views} views`, async () => {
      const data = randoms(views + d, views * images * d, -1.5, 1.5);
      const { report, gradient } = await evaluate(vicreg(), views, images, d, data);
      const reference = (x: ArrayLike<number>) => {
        const rows = toRows(x, views * images, d);
        const parts = Array.from({ length: views }, (_, v) => rows.slice(v * images, (v + 1) * images));
        if (views === 2) return vicregPair(parts[0], parts[1]);
        return parts.reduce((s, part) => s + vicregPair(part, mean(parts)), 0) / views;
      };
      assert.ok(relativeError([report.loss], [reference(data)]) < 1e-5);
      assert.ok(relativeError(gradient, numericGradient(reference, data)) < 1e-3);
    });
  }
});
