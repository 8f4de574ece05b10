import { cast, matmul, reduceSumSquare, scale, shift } from '../graph/functions.ts';
import { gradients } from '../graph/gradients.ts';
import type { Precision, Value } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';
import { batchNormRelu } from '../model/batch-norm.ts';
import type { ModelConfig } from '../model/config.ts';
import type { EncoderKinds } from '../model/encoders/index.ts';
import { network } from '../model/network.ts';
import { Scope, type TensorSpec } from '../model/scope.ts';
import type { Learner, Loss, Objective, Views } from '../objectives/objective.ts';
import { collapse } from '../objectives/unit-rows.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { nextOf } from '../runtime/resident-state.ts';
import { lossScaling } from './loss-scaling.ts';
import { TargetScope } from './target-network.ts';
import { type NextTensor, updates } from './updates.ts';

/** A whole training step as one ONNX model: forward, loss, gradients and update. */
export interface StepGraph {
  readonly outputs: Outputs;
  /** Everything that outlives a step: parameters, statistics, the optimiser's memory, moving averages. */
  readonly state: readonly TensorSpec[];
  /** Outputs to read for a report; in float32 with `slope`, the sum of squares of the first parameter's gradient. */
  readonly reads: readonly string[];
  readonly loss: Loss;
}

/** The shape and precision of a step. */
export interface StepLayout extends Views {
  /** Side of the patches, px. */
  readonly size: number;
  readonly averaging?: number;
  /** What the network computes in; parameters, loss and update are float32. Default float32. */
  readonly precision?: Precision;
  /** The kinds of encoders that it may have; by default those that come with the package and read no file. */
  readonly kinds?: EncoderKinds;
}

/**
 * Inputs: `patches` [views·images, 3, size, size] with row v·images + b view v of image b; the scalars `rate`, `step` and
 * `remaining`, which falls along half a cosine from 1 at the run's start to 0 at its end; and the state by name. Outputs:
 * each state tensor's next value as `name.next`, the loss's reads, and `collapse`.
 */
export function stepGraph(
  model: ModelConfig,
  objective: Objective,
  optimizer: Optimizer,
  layout: StepLayout,
): StepGraph {
  const graph = createGraph();
  const patches = graph.input('patches', [layout.views * layout.images, 3, layout.size, layout.size]);
  const rate = graph.input('rate', []);
  const step = graph.input('step', []);
  const remaining = graph.input('remaining', []);
  const { precision = 'float32', kinds } = layout;
  const scaling = lossScaling(graph, precision);
  const counted = scaling.counted(step);
  const scope = new Scope(graph, undefined, precision);
  const { projection } = network(scope, model, patches, kinds);
  const targets: NextTensor[] = [];
  const learner: Learner = {
    predict: (x, hidden) => predictor(scope, x, hidden),
    target(momentum) {
      const target = new TargetScope(scope, shift(scale(remaining, momentum - 1), 1), counted);
      const made = network(target, model, patches, kinds).projection;
      targets.push(...target.averages);
      return made;
    },
  };
  const loss = objective.build(projection, layout, learner);
  const slopes = scaling.unscaled(
    gradients(
      scaling.scaled(loss.surrogate),
      scope.parameters.map(({ value }) => value),
    ),
  );
  // Before the updates: ONNX Runtime computes what comes last first, and the first layer's gradient would come before all others.
  const shown: Record<string, Value> = {
    ...loss.reads,
    collapse: collapse(projection),
    // Any value that is not finite in the backward pass reaches the first layer. float16 checks every gradient.
    ...(precision === 'float32' && { slope: reduceSumSquare(slopes[0], [...slopes[0].shape.keys()]) }),
  };
  const learnt = updates(scope, { optimizer, slopes, rate, step: counted, averaging: layout.averaging });
  const finished = scaling.finished(slopes, [...learnt, ...statisticsOf(scope), ...targets]);
  const { next } = finished;
  const reads = { ...shown, ...finished.reads };
  return {
    outputs: { ...namedNext(next), ...reads },
    state: next.map(({ spec }) => spec),
    reads: Object.keys(reads),
    loss,
  };
}

/** The running statistics, and their next values from the layers. */
export const statisticsOf = (scope: Scope): NextTensor[] =>
  scope.statistics.map(({ spec, value, next }) => ({ spec, next: next ?? value }));

/** Next values under the names of their outputs. */
export const namedNext = (tensors: readonly NextTensor[]): Record<string, Value> =>
  Object.fromEntries(tensors.map(({ spec, next }) => [nextOf(spec.name), next]));

/** x → linear → batch norm → ReLU → linear, back to x's width; in the scope's precision, like the network. */
function predictor(scope: Scope, x: Value, hidden: number): Value {
  const linear = (name: string, from: number, to: number) =>
    scope.parameter(`predictor.${name}.linear.weight`, [from, to], { uniform: Math.sqrt(6 / from) });
  const width = x.shape[1];
  const hiddenLayer = matmul(cast(x, scope.precision), linear('0', width, hidden));
  const y = batchNormRelu(scope, 'predictor.0.bn', hiddenLayer);
  return cast(matmul(y, linear('1', hidden, width)), 'float32');
}
