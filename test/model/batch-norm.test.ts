import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shift } from '../../src/graph/functions.ts';
import type { Value } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { batchNorm, batchNormAddRelu, batchNormRelu } from '../../src/model/batch-norm.ts';
import { Scope } from '../../src/model/scope.ts';
import { checkGradient } from '../support/check-gradient.ts';
import { randoms } from '../support/random.ts';
import { runNative } from '../support/run-native.ts';

/** A scope whose parameters are the values given, so that their gradients can be checked. */
const scopeOf = (gamma: Value, beta: Value) =>
  ({
    training: true,
    parameter: (name: string) => (name.endsWith('weight') ? gamma : beta),
    statistic: (_name: string, shape: number[]) => ({
      value: gamma.graph.constant(new Float32Array(shape[0]), shape),
      next() {},
    }),
  }) as unknown as Scope;

describe('batch norm and ReLU with the gradient by hand', () => {
  const shapes = [
    [3, 2, 4, 3],
    [6, 5],
    [2, 1, 5, 5],
  ];
  for (const shape of shapes) {
    it(`matches finite differences where every unit is active, x [${shape}]`, () =>
      checkGradient(7, {
        shapes: [shape, [shape[1]], [shape[1]]],
        range: [0.5, 1.5],
        build: (x, gamma, beta) => batchNormRelu(scopeOf(gamma, shift(beta, 8)), 'bn', x),
      }));
    it(`matches finite differences with units off and on, x [${shape}]`, () =>
      checkGradient(11, {
        shapes: [shape, [shape[1]], [shape[1]]],
        tolerance: 6e-2,
        build: (x, gamma, beta) => batchNormRelu(scopeOf(shift(gamma, 2), beta), 'bn', x),
      }));
    it(`matches finite differences without ReLU, x [${shape}]`, () =>
      checkGradient(13, {
        shapes: [shape, [shape[1]], [shape[1]]],
        build: (x, gamma, beta) => batchNorm(scopeOf(shift(gamma, 2), beta), 'bn', x),
      }));
    for (const [where, lift] of [
      ['on', 30],
      ['off', -30],
    ] as const) {
      it(`matches finite differences with a shortcut added, every unit ${where}, x [${shape}]`, () =>
        checkGradient(17, {
          shapes: [shape, [shape[1]], [shape[1]], shape],
          build: (x, gamma, beta, shortcut) =>
            batchNormAddRelu(scopeOf(shift(gamma, 2), beta), 'bn', x, shift(shortcut, lift)),
        }));
    }
  }

  it('normalises to mean β and deviation γ, and averages the statistics as PyTorch does', async () => {
    const graph = createGraph();
    const scope = new Scope(graph);
    const x = graph.input('x', [50, 3]);
    const y = batchNormRelu(scope, 'bn', x);
    const [mean, variance] = scope.statistics.map(({ next }) => next!);
    const data = randoms(3, 150, -2, 5);
    const out = await runNative(
      { y, mean, variance },
      {
        x: data,
        'bn.weight': Float32Array.of(1, 1, 1),
        'bn.bias': Float32Array.of(10, 10, 10),
        'bn.running_mean': new Float32Array(3),
        'bn.running_var': Float32Array.of(1, 1, 1),
      },
    );
    for (let c = 0; c < 3; c++) {
      const column = Array.from({ length: 50 }, (_, r) => data[r * 3 + c]);
      const normal = Array.from({ length: 50 }, (_, r) => out.y[r * 3 + c]);
      const [m, v] = moments(column);
      const [ym, yv] = moments(normal);
      assert.ok(Math.abs(ym - 10) < 1e-4 && Math.abs(yv - 1) < 1e-3);
      assert.ok(Math.abs(out.mean[c] - 0.1 * m) < 1e-5);
      assert.ok(Math.abs(out.variance[c] - (0.9 + (0.1 * v * 50) / 49)) < 1e-4);
    }
  });

  it('survives a constant channel, whose variance rounds below zero', async () => {
    const graph = createGraph();
    const scope = new Scope(graph);
    const y = batchNormRelu(scope, 'bn', graph.input('x', [64, 1]));
    const out = await runNative(
      { y },
      { x: new Float32Array(64).fill(1000.1), 'bn.weight': Float32Array.of(1), 'bn.bias': Float32Array.of(2) },
    );
    assert.ok(out.y.every((v) => Number.isFinite(v) && v < 200));
  });
});

function moments(values: number[]): [mean: number, variance: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length];
}
