import { NAMES } from '../encoder/encoder-parts.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { createGraph } from '../graph/ops/index.ts';
import { allEncoderKinds } from '../model/all-encoder-kinds.ts';
import { featureOf } from '../model/network.ts';
import { Scope } from '../model/scope.ts';
import { checkExported } from './encoder.ts';

/**
 * An encoder's tensors as a safetensors file, float32: the parameters and running statistics of encoder and projector, and the
 * whitening if there is one, without the optimiser's state. An encoder that was read from its own file has only the tensors that its
 * feature needs, so only these are written.
 * @throws BagsslError `bad-checkpoint` or `shape-mismatch` if the weights are not this model's
 */
export function exportWeights(encoder: PatchEncoder): Uint8Array {
  checkExported(encoder);
  const { model, weights, recipe, feature, whitening } = encoder;
  const scope = new Scope(createGraph(), weights);
  const whole = `projector.${model.projector.hidden.length}.linear.weight` in weights;
  const patches = scope.graph.input('patches', [1, 3, recipe.size, recipe.size]);
  featureOf(scope, model, patches, whole ? 'projection' : feature, allEncoderKinds);
  const tensors = [...scope.parameters, ...scope.statistics].map(
    ({ spec: { name, shape }, value }) => [name, shape, value.data as Float32Array] as const,
  );
  if (whitening) {
    tensors.push([NAMES.mean, [whitening.width], whitening.mean]);
    tensors.push([NAMES.matrix, [whitening.width, whitening.width], whitening.matrix]);
  }
  return writeSafetensors(
    Object.fromEntries(tensors.map(([name, shape, data]) => [name, { dtype: 'F32' as const, shape, data }])),
  );
}
