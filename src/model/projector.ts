import { checkOptions, listOf, needed, SWITCH, whole } from '../base/options.ts';
import type { Value } from '../graph/graph.ts';
import { batchNormRelu } from './batch-norm.ts';
import { compactProjector } from './compact-parts.ts';
import { linear } from './layers.ts';
import type { Scope } from './scope.ts';

/** The head the objective sees: linear + batch norm + ReLU layers, then a linear one. */
export interface ProjectorConfig {
  /** Widths of the linear + batch norm + ReLU layers; the first one's output is `pre_feature`. */
  readonly hidden: readonly number[];
  /** Width of the projection. */
  readonly out: number;
  /** Whether linear layers add a bias; default false. */
  readonly bias?: boolean;
}

/** Projectors by name. */
export const projectors = {
  /** EMP-SSL's head at a quarter of its width. */
  compact: compactProjector,
  /** EMP-SSL's head. The biases before batch norm change nothing, but EMP-SSL has them. */
  empSsl: { hidden: [4096, 4096], out: 1024, bias: true },
} as const satisfies Record<string, ProjectorConfig>;

/** Rejects a head that cannot be built, naming the value. */
export const checkProjector = (config: ProjectorConfig): void =>
  checkOptions('model.projector', config, {
    hidden: needed(listOf(whole(1, 16384))),
    out: needed(whole(2, 16384)),
    bias: SWITCH,
  });

/** The first hidden layer's output, of `embedding` [patches, width]: `pre_feature`. */
export const firstHidden = (scope: Scope, config: ProjectorConfig, embedding: Value): Value =>
  hiddenLayer(scope, config, embedding, 0);

/** The projection, from the first hidden layer's output on. */
export function project(scope: Scope, config: ProjectorConfig, preFeature: Value): Value {
  const { hidden, out, bias = false } = config;
  let x = preFeature;
  for (let k = 1; k < hidden.length; k++) x = hiddenLayer(scope, config, x, k);
  return linear(scope, `projector.${hidden.length}.linear`, x, out, { bias });
}

function hiddenLayer(scope: Scope, { hidden, bias = false }: ProjectorConfig, x: Value, k: number): Value {
  return batchNormRelu(scope, `projector.${k}.bn`, linear(scope, `projector.${k}.linear`, x, hidden[k], { bias }));
}
