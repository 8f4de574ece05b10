import { givenParts } from '../base/options.ts';
import { Stream } from '../base/random.ts';
import { elements } from '../graph/graph.ts';
import type { TensorSpec } from '../model/scope.ts';
import { objectiveOf } from '../objectives/choice.ts';
import { optimizerOf } from '../optimizers/choice.ts';
import type { RunConfig } from './run-config.ts';
import { stepGraph } from './step-graph.ts';

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

/** The initial weights of a run with this configuration. */
export function initialWeights(config: RunConfig): Record<string, Float32Array> {
  givenParts(config, 'The configuration', 'model', 'recipe', 'objective', 'optimizer', 'seed');
  const layout = { views: 2, images: 2, size: config.recipe.size };
  return initialState(
    stepGraph(config.model, objectiveOf(config.objective), optimizerOf(config.optimizer), layout).state,
    config.seed,
  );
}
