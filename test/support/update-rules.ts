import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outputs } from '../../src/graph/needed.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { adamw } from '../../src/optimizers/adamw.ts';
import { lars } from '../../src/optimizers/lars.ts';
import { lion } from '../../src/optimizers/lion.ts';
import type { Optimizer } from '../../src/optimizers/optimizer.ts';
import { sgd } from '../../src/optimizers/sgd.ts';
import { randoms } from './random.ts';
import { relativeError } from './reference.ts';

/** Runs a graph once. */
type Run = (outputs: Outputs, feeds: Record<string, Float32Array>) => Promise<Record<string, Float32Array>>;

type Rule = (
  p: number[],
  g: number[],
  memory: number[][],
  rate: number,
  step: number,
) => { p: number[]; memory: number[][] };

/** Three steps of a rule against the same in float64. */
async function compareOn(
  run: Run,
  optimizer: Optimizer,
  shape: number[],
  rule: Rule,
  gradientScale = 1,
  start = (size: number) => randoms(1, size),
  most = 1e-5,
) {
  const graph = createGraph();
  const parameter = graph.input('p', shape);
  const gradient = graph.input('g', shape);
  const memory = optimizer.slots.map((slot) => graph.input(slot, shape));
  const scalars = { rate: graph.input('rate', []), step: graph.input('step', []) };
  const update = optimizer.update({ parameter, gradient, memory, ...scalars });
  const outputs = {
    next: update.parameter,
    ...Object.fromEntries(optimizer.slots.map((slot, k) => [`${slot}.next`, update.memory[k]])),
  };

  const size = shape.reduce((a, b) => a * b, 1);
  let p: Float32Array = start(size);
  let state: Float32Array[] = optimizer.slots.map(() => new Float32Array(size));
  let expected = { p: [...p], memory: state.map((s) => [...s]) };
  for (let step = 1; step <= 3; step++) {
    const g = randoms(10 + step, size).map((v) => v * gradientScale);
    const feeds = Object.fromEntries(optimizer.slots.map((slot, k) => [slot, state[k]]));
    const out = await run(outputs, { p, g, ...feeds, rate: Float32Array.of(0.1), step: Float32Array.of(step) });
    expected = rule(expected.p, [...g], expected.memory, 0.1, step);
    p = out.next;
    state = optimizer.slots.map((slot) => out[`${slot}.next`]);
    const error = relativeError(p, expected.p);
    assert.ok(error < most, `${error} at step ${step}`);
    state.forEach((s, k) => assert.ok(relativeError(s, expected.memory[k]) < 1e-5, `memory ${k} at step ${step}`));
  }
}

const norm = (x: number[]) => Math.hypot(...x);
const momentumStep = (p: number[], g: number[], v: number[], rate: number, nesterov: boolean) => {
  const next = v.map((old, i) => 0.9 * old + g[i]);
  return { p: p.map((w, i) => w - rate * (nesterov ? g[i] + 0.9 * next[i] : next[i])), memory: [next] };
};

/** Tests of the update rules, computed by `run`. */
export function updateRules(where: string, run: Run, skip: string | false = false): void {
  const compare = (...given: Parameters<typeof compareOn> extends [Run, ...infer Rest] ? Rest : never) =>
    compareOn(run, ...given);
  describe(`update rules ${where}, three steps against float64`, { skip }, () => {
    it('SGD with momentum', () => compare(sgd(), [3, 4], (p, g, [v], rate) => momentumStep(p, g, v, rate, false)));
    it('SGD with Nesterov momentum and decay', () =>
      compare(sgd({ nesterov: true, weightDecay: 0.01 }), [3, 4], (p, g, [v], rate) =>
        momentumStep(
          p,
          g.map((x, i) => x + 0.01 * p[i]),
          v,
          rate,
          true,
        ),
      ));
    for (const [name, scale] of [
      ['clipped', 1e-3],
      ['not clipped', 50],
    ] as const) {
      it(`LARS, ${name}`, () =>
        compare(
          lars(),
          [4, 5],
          (p, g, [v], rate) => {
            const ratio = (0.005 * norm(p)) / (norm(g) + 1e-4 * norm(p) + 1e-8);
            const r = Math.min(ratio / rate, 1);
            return momentumStep(
              p,
              g.map((x, i) => r * (x + 1e-4 * p[i])),
              v,
              rate,
              true,
            );
          },
          scale,
        ));
    }
    it('LARS, from zeros: the first step is plain SGD', () =>
      compare(
        lars(),
        [4, 5],
        (p, g, [v], rate) => {
          const ratio = (0.005 * norm(p)) / (norm(g) + 1e-4 * norm(p) + 1e-8);
          const r = norm(p) === 0 ? 1 : Math.min(ratio / rate, 1);
          return momentumStep(
            p,
            g.map((x, i) => r * (x + 1e-4 * p[i])),
            v,
            rate,
            true,
          );
        },
        1,
        (size) => new Float32Array(size),
      ));
    it('LARS leaves one-dimensional parameters to plain SGD without decay', () =>
      compare(lars({ nesterov: false }), [6], (p, g, [v], rate) => momentumStep(p, g, v, rate, false)));
    it('LARS with a lower rate for one-dimensional parameters', () =>
      compare(lars({ biasRate: 0.1 }), [6], (p, g, [v], rate) =>
        momentumStep(
          p,
          g.map((x) => 0.1 * x),
          v,
          rate,
          true,
        ),
      ));
    for (const shape of [[3, 4], [5]]) {
      it(`AdamW on [${shape}]`, () =>
        // 1 − βᵗ cancels, and the power is less exact on a GPU.
        compare(
          adamw(),
          shape,
          (p, g, [m, v], rate, step) => {
            const first = m.map((x, i) => 0.9 * x + 0.1 * g[i]);
            const second = v.map((x, i) => 0.999 * x + 0.001 * g[i] ** 2);
            const decay = shape.length > 1 ? 1e-2 : 0;
            const next = p.map(
              (w, i) =>
                w -
                rate * (first[i] / (1 - 0.9 ** step) / (Math.sqrt(second[i] / (1 - 0.999 ** step)) + 1e-8) + decay * w),
            );
            return { p: next, memory: [first, second] };
          },
          1,
          undefined,
          2e-5,
        ));
    }

    for (const shape of [[3, 4], [5]]) {
      it(`Lion on [${shape}]`, () =>
        compare(lion({ weightDecay: 0.1 }), shape, (p, g, [m], rate) => {
          const decay = shape.length > 1 ? 0.1 : 0;
          const next = p.map((w, i) => w - rate * (Math.sign(0.9 * m[i] + 0.1 * g[i]) + decay * w));
          return { p: next, memory: [m.map((x, i) => 0.99 * x + 0.01 * g[i])] };
        }));
    }
  });
}
