import { Stream } from '../base/random.ts';
import { elements } from '../graph/graph.ts';
import type { TensorSpec } from '../model/scope.ts';

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
