import assert from 'node:assert/strict';
import type { Shape } from '../../src/graph/graph.ts';
import { elements } from '../../src/graph/graph.ts';

/** The numbers of ../golden/*.py: in [−1, 1), the same for the same k. */
export function rule(k: number, shape: Shape): Float64Array {
  return Float64Array.from({ length: elements(shape) }, (_, i) => {
    const s = Math.sin(12.9898 * (i + 1) + 78.233 * k) * 43758.5453;
    return (s - Math.floor(s)) * 2 - 1;
  });
}

export const length = (values: Float32Array) => Math.sqrt(values.reduce((total, v) => total + v * v, 0));
export const sum = (values: Float32Array) => values.reduce((total, v) => total + v, 0);

/** The largest difference, relative to the largest expected value. */
export function difference(found: ArrayLike<number>, expected: readonly number[]): number {
  assert.equal(found.length, expected.length);
  const size = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((v, i) => Math.abs(found[i] - v))) / size;
}

/** Holds a gradient against its length and its component along rule(3000 + k). */
export function checkSlope(
  name: string,
  g: Float32Array,
  k: number,
  norm: number,
  along: number,
  within = 2e-4 * norm,
): void {
  const direction = rule(3000 + k, [g.length]);
  const component = g.reduce((total, v, i) => total + v * direction[i], 0);
  assert.ok(Math.abs(length(g) - norm) < within, `${name}: length ${length(g)}, expected ${norm}`);
  assert.ok(Math.abs(component - along) < within, `${name}: along r ${component}, expected ${along}`);
}
