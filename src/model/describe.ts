import { elements, multiplyAdds } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import { allEncoderKinds } from './all-encoder-kinds.ts';
import { checkModel, type ModelConfig } from './config.ts';
import { encode } from './encoder.ts';
import { firstHidden, project } from './projector.ts';
import { Scope } from './scope.ts';

/** The size of a part of a model, and its cost for one patch. */
export interface PartSize {
  /** Learnt tensors, without running statistics. */
  readonly tensors: number;
  /** Learnt numbers, without running statistics. */
  readonly parameters: number;
  /** Multiply-adds of convolutions and matrix products for one patch, forward. A training step takes about three times that. */
  readonly multiplyAdds: number;
}

/** The size and cost of a model, by parts. */
export interface ModelSize {
  /** From patch to embedding. */
  readonly encoder: PartSize;
  /** From embedding to projection. */
  readonly projector: PartSize;
  /** Both. */
  readonly total: PartSize;
}

/**
 * Counts a network's parameters and its work for one patch of `size` × `size` px, from its graph and without its weights.
 * @throws BagsslError `bad-argument` for a network that cannot be built; for an .onnx encoder also `bad-model`, `shape-mismatch`,
 * `unsupported-operator`
 */
export function describeModel(config: ModelConfig, size: number): ModelSize {
  const { encoder, projector } = checkModel(config, size, allEncoderKinds);
  const graph = createGraph();
  const scope = new Scope(graph);
  const embedding = encode(scope, encoder, graph.input('patches', [1, 3, size, size]), allEncoderKinds);
  const ofEncoder = counted(scope);
  project(scope, projector, firstHidden(scope, projector, embedding));
  const total = counted(scope);
  return {
    encoder: ofEncoder,
    projector: {
      tensors: total.tensors - ofEncoder.tensors,
      parameters: total.parameters - ofEncoder.parameters,
      multiplyAdds: total.multiplyAdds - ofEncoder.multiplyAdds,
    },
    total,
  };
}

const counted = ({ graph, parameters }: Scope): PartSize => ({
  tensors: parameters.length,
  parameters: parameters.reduce((count, { value }) => count + elements(value.shape), 0),
  multiplyAdds: graph.nodes.reduce((count, node) => count + multiplyAdds(node), 0),
});
