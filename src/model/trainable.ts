import { BagsslError } from '../base/errors.ts';
import { elements } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import { type EncoderConfig, encode } from './encoder.ts';
import type { EncoderKinds } from './encoders/index.ts';
import { Scope } from './scope.ts';

/**
 * Refuses an encoder of which nothing trains, and warns of one of which most does not: a file may keep its weights where they are
 * not found, and a run would train the projector alone.
 */
export function checkTrainable(
  config: EncoderConfig,
  size: number,
  kinds: EncoderKinds,
  onWarning: (message: string) => void,
): void {
  const graph = createGraph();
  const scope = new Scope(graph);
  encode(scope, config, graph.input('patches', [1, 3, size, size]), kinds);
  const tensors = scope.parameters.length;
  const parameters = scope.parameters.reduce((sum, { spec }) => sum + elements(spec.shape), 0);
  if (parameters === 0) {
    throw new BagsslError(
      'bad-model',
      'The encoder has no tensor that trains: no floating tensor of its .onnx file is a weight. Embed with it, or export it with its weights.',
    );
  }
  const fixed = graph.constants
    .filter(({ dtype }) => dtype.startsWith('float'))
    .reduce((sum, { shape }) => sum + elements(shape), 0);
  if (fixed <= parameters) return;
  onWarning(
    `Only ${parameters} numbers in ${tensors} tensors of the .onnx encoder train; ${fixed} are constants and stay as they are.`,
  );
}
