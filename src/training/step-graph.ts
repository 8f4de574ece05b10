import { matmul, mul, reduceMean, scale, shift, sqrt, sub } from '../graph/functions.ts';
import { gradients } from '../graph/gradients.ts';
import type { Value } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import { writeOnnx } from '../graph/write-onnx.ts';
import { batchNormRelu } from '../model/batch-norm.ts';
import type { ModelConfig } from '../model/config.ts';
import { network } from '../model/network.ts';
import { Scope, type TensorSpec } from '../model/scope.ts';
import { normaliseRows } from '../objectives/normalise.ts';
import type { Learner, Loss, Objective, Views } from '../objectives/objective.ts';
import { averageOf } from '../optimizers/averaged-weights.ts';
import { movingAverage } from '../optimizers/moving-average.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import type { StateTensor } from '../runtime/stepper.ts';
import { TargetScope } from './target-network.ts';

/** A whole training step as one ONNX model: forward, loss, gradients and update. */
export interface StepGraph {
  readonly onnx: Uint8Array;
  /** Everything that outlives a step: parameters, statistics, the optimiser's memory, moving averages. */
  readonly state: readonly (StateTensor & TensorSpec)[];
  /** Outputs to read for a report. */
  readonly reads: readonly string[];
  readonly loss: Loss;
}

/**
 * Inputs: `patches` [views·images, 3, size, size] with row v·images + b view v of image b; `rate` and `step`, scalars; and
 * the state by name. Outputs: each state tensor's next value as `name.next`, the loss's reads, and `collapse`.
 */
export function stepGraph(
  model: ModelConfig,
  objective: Objective,
  optimizer: Optimizer,
  layout: Views & { readonly averaging?: number },
): StepGraph {
  const graph = createGraph();
  const patches = graph.input('patches', [layout.views * layout.images, 3, model.size, model.size]);
  const rate = graph.input('rate', []);
  const step = graph.input('step', []);
  const scope = new Scope(graph);
  const { projection } = network(scope, model, patches);
  const targets: TargetScope['averages'] = [];
  const learner: Learner = {
    predict: (x, hidden) => predictor(scope, x, hidden),
    target(momentum) {
      const target = new TargetScope(scope, momentum, step);
      const made = network(target, model, patches).projection;
      targets.push(...target.averages);
      return made;
    },
  };
  const loss = objective.build(projection, layout, learner);
  const slopes = gradients(
    loss.surrogate,
    scope.parameters.map(({ value }) => value),
  );

  const outputs: Record<string, Value> = {};
  const state: (StateTensor & TensorSpec)[] = [];
  const keep = (spec: TensorSpec, next: Value) => {
    state.push({ ...spec, input: spec.name, output: `${spec.name}.next` });
    outputs[`${spec.name}.next`] = next;
  };
  scope.parameters.forEach(({ spec, value }, k) => {
    const slots = optimizer.slots.map((slot) => ({
      name: `${spec.name}.${slot}`,
      shape: spec.shape,
      init: { constant: 0 },
    }));
    const memory = slots.map(({ name, shape }) => graph.input(name, shape));
    const update = optimizer.update({ parameter: value, gradient: slopes[k], memory, rate, step });
    keep(spec, update.parameter);
    slots.forEach((slot, i) => {
      keep(slot, update.memory[i]);
    });
  });
  for (const { spec, value, next } of scope.statistics) keep(spec, next ?? value);
  for (const { spec, next } of targets) keep(spec, next);
  if (layout.averaging !== undefined) {
    for (const { spec } of [...scope.parameters, ...scope.statistics]) {
      const average = { name: averageOf(spec.name), shape: spec.shape, init: { constant: 0 } };
      const past = graph.input(average.name, average.shape);
      keep(average, movingAverage(past, outputs[`${spec.name}.next`], layout.averaging, step));
    }
  }

  const reads: Record<string, Value> = { ...loss.reads, collapse: spread(projection) };
  return { onnx: writeOnnx({ ...outputs, ...reads }, 'bagssl-step'), state, reads: Object.keys(reads), loss };
}

/** x → linear → batch norm → ReLU → linear, back to x's width. */
function predictor(scope: Scope, x: Value, hidden: number): Value {
  const linear = (name: string, from: number, to: number) =>
    scope.parameter(`predictor.${name}.linear.weight`, [from, to], { uniform: Math.sqrt(6 / from) });
  const width = x.shape[1];
  const y = batchNormRelu(scope, 'predictor.0.bn', matmul(x, linear('0', width, hidden)));
  return matmul(y, linear('1', hidden, width));
}

/**
 * How far the projections, where the objective works, are from having collapsed to one point: the mean over dimensions of
 * the standard deviation over the batch of the unit vectors, times √d. 0 when collapsed, about 1 when healthy.
 */
function spread(projection: Value): Value {
  const unit = normaliseRows(projection);
  const centred = sub(unit, reduceMean(unit, [0], true));
  const deviation = sqrt(shift(reduceMean(mul(centred, centred), [0]), 1e-12));
  return scale(reduceMean(deviation, [0]), Math.sqrt(projection.shape[1]));
}
