import { BagsslError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { batchNormRelu } from './batch-norm.ts';
import { whole } from './checks.ts';
import { linear } from './layers.ts';
import type { Scope } from './scope.ts';

/** The head the objective sees: linear + batch norm + ReLU layers, then a linear one. */
export interface ProjectorConfig {
  /** Widths of the linear + batch norm + ReLU layers; the first one's output is `pre_feature`. */
  readonly hidden: readonly number[];
  /** Width of the projection. */
  readonly out: number;
  /** Whether linear layers add a bias; not unless told. */
  readonly bias?: boolean;
}

export function checkProjector({ hidden, out }: ProjectorConfig): void {
  if (!hidden?.length) throw new BagsslError('bad-argument', 'model: the projector needs a hidden layer.');
  for (const width of hidden) whole('a projector width', width, 1, 16384);
  whole('the projection', out, 2, 16384);
}

/** The projection of `embedding` [patches, width], and the first hidden layer. */
export function project(scope: Scope, { hidden, out, bias = false }: ProjectorConfig, embedding: Value) {
  const layers: Value[] = [];
  hidden.forEach((width, k) => {
    const y = linear(scope, `projector.${k}.linear`, layers.at(-1) ?? embedding, width, { bias });
    layers.push(batchNormRelu(scope, `projector.${k}.bn`, y));
  });
  const projection = linear(scope, `projector.${layers.length}.linear`, layers.at(-1)!, out, { bias });
  return { preFeature: layers[0], projection };
}
