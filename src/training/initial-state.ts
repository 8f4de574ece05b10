import { BagsslError } from '../base/errors.ts';
import { Stream } from '../base/random.ts';
import { elements } from '../graph/graph.ts';
import type { TensorSpec, Weights } from '../model/scope.ts';

/** Draws each tensor's initial value from the seed and the tensor's place in the list: the same bits on every platform. */
export function initialState(specs: readonly TensorSpec[], seed: number): Record<string, Float32Array> {
  const entries = specs.map(({ name, shape, init }, index) => {
    if ('data' in init) return [name, init.data.slice()] as const;
    const data = new Float32Array(elements(shape));
    if ('constant' in init) return [name, data.fill(init.constant)] as const;
    const stream = new Stream(seed, 'weights', index);
    for (let i = 0; i < data.length; i++) data[i] = init.uniform * (2 * stream.uniform() - 1);
    return [name, data] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * The initial state with an encoder's weights, as far as they go.
 * @throws BagsslError `shape-mismatch` for a weight of another size
 */
export function startingState(
  specs: readonly TensorSpec[],
  seed: number,
  weights: Weights,
): Record<string, Float32Array> {
  const state = initialState(specs, seed);
  for (const { name } of specs) {
    const given = weights[name];
    if (!given) continue;
    if (given.length !== state[name].length) {
      throw new BagsslError(
        'shape-mismatch',
        `The encoder's "${name}" has ${given.length} numbers, but its network needs ${state[name].length}.`,
      );
    }
    state[name] = Float32Array.from(given);
  }
  return state;
}
