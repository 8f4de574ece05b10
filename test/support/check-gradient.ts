import assert from 'node:assert/strict';
import { add, mul, reduceSum } from '../../src/graph/functions.ts';
import { gradients } from '../../src/graph/gradients.ts';
import type { Value } from '../../src/graph/graph.ts';
import { elements } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { randoms } from './random.ts';
import { runNative } from './run-native.ts';

export interface GradientCase {
  shapes: readonly (readonly number[])[];
  build: (...inputs: Value[]) => Value | readonly Value[];
  /** Range the inputs are drawn from; away from kinks and poles. */
  range?: readonly [number, number];
  /** Exact inputs, where a test needs them. */
  values?: readonly Float32Array[];
  tolerance?: number;
}

/**
 * Compares ∂/∂x Σ r ⊙ f(x) with central differences along a random direction, one input at a time. The sums run in
 * float64 on the host, so that only the rounding of f itself is left.
 */
export async function checkGradient(
  seed: number,
  { shapes, build, range = [-1, 1], values, tolerance = 5e-3 }: GradientCase,
) {
  const graph = createGraph();
  const inputs = shapes.map((shape, k) => graph.input(`x${k}`, shape));
  const built = build(...inputs);
  const outputs = (Array.isArray(built) ? built : [built]) as Value[];
  const weights = outputs.map((y, k) => randoms(seed + 100 + k, elements(y.shape)));
  const parts = outputs.map((y, k) =>
    reduceSum(
      mul(y, graph.constant(weights[k], y.shape)),
      y.shape.map((_, i) => i),
    ),
  );
  const derived = gradients(parts.reduce(add), inputs);

  const at = shapes.map((shape, k) => values?.[k] ?? randoms(seed + k, elements(shape), range[0], range[1]));
  const feed = (moved: number, direction: Float32Array, step: number) =>
    Object.fromEntries(at.map((x, k) => [`x${k}`, k === moved ? x.map((v, i) => v + step * direction[i]) : x]));
  const objective = async (feeds: Record<string, Float32Array>) => {
    const named = Object.fromEntries(outputs.map((y, k) => [`y${k}`, y]));
    const result = await runNative(named, feeds);
    return outputs.reduce((total, _, k) => total + dot(result[`y${k}`], weights[k]), 0);
  };

  const named = Object.fromEntries(derived.map((g, k) => [`g${k}`, g]));
  const analytic = await runNative(named, feed(-1, at[0], 0));
  for (let k = 0; k < inputs.length; k++) {
    assert.deepEqual(derived[k].shape, inputs[k].shape, `gradient ${k} has its input's shape`);
    const direction = randoms(seed + 200 + k, at[k].length);
    const step = 1e-2 * Math.max(0.1, Math.min(1, range[1] - range[0]) / 2);
    const numeric =
      ((await objective(feed(k, direction, step))) - (await objective(feed(k, direction, -step)))) / (2 * step);
    const found = dot(analytic[`g${k}`], direction);
    const size = Math.sqrt((dot(analytic[`g${k}`], analytic[`g${k}`]) * dot(direction, direction)) / at[k].length);
    assert.ok(
      Math.abs(found - numeric) <= tolerance * (Math.abs(numeric) + size + 0.05),
      `∂/∂x${k} of shapes ${JSON.stringify(shapes)}: rule ${found}, finite differences ${numeric}`,
    );
  }
}

const dot = (a: Float32Array, b: Float32Array) => a.reduce((total, v, i) => total + v * b[i], 0);
