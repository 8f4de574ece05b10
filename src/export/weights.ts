import { givenParts } from '../base/options.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { createGraph } from '../graph/ops/index.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { checkModel } from '../model/config.ts';
import { network } from '../model/network.ts';
import { Scope } from '../model/scope.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import type { ExportedNetwork } from './encoder.ts';

/**
 * The parameters and running statistics of encoder and projector as a safetensors file, float32: what evaluation needs of a
 * checkpoint's state, without the optimiser's memory. Where the run kept a moving average of its weights, that is used.
 * @throws BagsslError `bad-checkpoint` or `shape-mismatch` if the weights are not this model's
 */
export function exportWeights(trained: Omit<ExportedNetwork, 'feature'>): Uint8Array {
  givenParts(trained, 'What is exported', 'model', 'weights', 'recipe');
  const { model, weights } = trained;
  const { size } = trained.recipe;
  checkModel(model, size, allEncoderKinds);
  const graph = createGraph();
  const scope = new Scope(graph, averagedWeights(weights));
  network(scope, model, graph.input('patches', [1, 3, size, size]), allEncoderKinds);
  const entries = [...scope.parameters, ...scope.statistics].map(({ spec: { name, shape }, value }) => [
    name,
    { dtype: 'F32' as const, shape, data: value.data as Float32Array },
  ]);
  return writeSafetensors(Object.fromEntries(entries));
}
