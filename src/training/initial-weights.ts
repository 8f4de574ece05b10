import { givenParts } from '../base/options.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { objectiveOf } from '../objectives/choice.ts';
import { optimizerOf } from '../optimizers/choice.ts';
import { initialState } from './initial-state.ts';
import type { RunConfig } from './run-config.ts';
import { stepGraph } from './step-graph.ts';

/** The initial weights of a run with this configuration. */
export function initialWeights(config: RunConfig): Record<string, Float32Array> {
  givenParts(config, 'The configuration', 'model', 'recipe', 'objective', 'optimizer', 'seed');
  const layout = { views: 2, images: 2, size: config.recipe.size, kinds: allEncoderKinds };
  return initialState(
    stepGraph(config.model, objectiveOf(config.objective), optimizerOf(config.optimizer), layout).state,
    config.seed,
  );
}
