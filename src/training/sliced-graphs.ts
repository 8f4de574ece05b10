import { BagsslError } from '../base/errors.ts';
import { add, mul, reduceSum } from '../graph/functions.ts';
import { gradients } from '../graph/gradients.ts';
import type { Value } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { ModelConfig } from '../model/config.ts';
import { network } from '../model/network.ts';
import { Scope, type TensorSpec } from '../model/scope.ts';
import type { Learner, Loss, Objective } from '../objectives/objective.ts';
import { collapse } from '../objectives/unit-rows.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';
import { lossScaling } from './loss-scaling.ts';
import { namedNext, type StepLayout, statisticsOf } from './step-graph.ts';
import { type NextTensor, updates } from './updates.ts';

/** A training step in several models, so that only a slice of the batch has its activations in memory at a time. */
export interface SlicedGraphs {
  /** `patches` of a slice → `projection`. */
  readonly forward: Outputs;
  /** `projection` of the whole batch → `slope`, its gradient, and the reads. */
  readonly objective: Outputs;
  /** `patches` and `slope` of a slice: adds to the gradients and updates the running statistics. */
  readonly backward: Outputs;
  /** The update from the gradients, a few parameters at a time, because old and new values are in memory together. */
  readonly updates: readonly Outputs[];
  readonly state: readonly TensorSpec[];
  /** The gradients, zero before the first slice. A checkpoint does not hold them. */
  readonly sums: readonly TensorSpec[];
  readonly reads: readonly string[];
  readonly loss: Loss;
}

/**
 * Gradient caching (Gao et al., "Scaling deep contrastive learning batch size under memory limited setup", 2021): project
 * the batch slice by slice without keeping activations; compute ∂L/∂projection on the whole batch; then run each slice
 * again with the surrogate Σ ∂L/∂z ⊙ z, whose gradient is the loss's. Exact except for batch norm, which uses each
 * slice's own statistics and updates its running averages once per slice.
 */
export function slicedGraphs(
  model: ModelConfig,
  objective: Objective,
  optimizer: Optimizer,
  layout: StepLayout,
  slices: number,
): SlicedGraphs {
  const rows = layout.views * layout.images;
  if (rows % slices !== 0) {
    throw new BagsslError('bad-argument', `${rows} patches cannot be cut into ${slices} slices of one size.`);
  }
  if (objective.wholeBatch) needsAll(objective.name);
  const { precision = 'float32' } = layout;
  const begin = (count: number) => {
    const graph = createGraph();
    const patches = graph.input('patches', [count, 3, layout.size, layout.size]);
    const scope = new Scope(graph, undefined, precision);
    const scaling = lossScaling(graph, precision);
    return { graph, scope, scaling, projection: network(scope, model, patches, layout.kinds).projection };
  };
  const sumOf = ({ name, shape }: TensorSpec): TensorSpec => ({
    name: `${name}.gradient`,
    shape,
    init: { constant: 0 },
  });

  const forward = begin(rows / slices);
  const width = forward.projection.shape[1];

  const whole = createGraph().input('projection', [rows, width]);
  const loss = objective.build(whole, layout, alone(objective.name));
  const reads: Record<string, Value> = { ...loss.reads, collapse: collapse(whole) };

  const backward = begin(rows / slices);
  const slope = backward.graph.input('slope', [rows / slices, width]);
  const surrogate = reduceSum(mul(slope, backward.projection), [0, 1]);
  const parts = gradients(
    backward.scaling.scaled(surrogate),
    backward.scope.parameters.map(({ value }) => value),
  );
  const added = backward.scope.parameters.map(({ spec }, k) => {
    const sum = sumOf(spec);
    return { spec: sum, next: add(backward.graph.input(sum.name, sum.shape), parts[k]) };
  });
  const statistics = backward.scaling.guarded(parts, statisticsOf(backward.scope));

  // The network is built only for its list of parameters; the written model leaves it out.
  const { graph, scope, scaling } = begin(2);
  for (const entry of scope.statistics) entry.next = entry.value;
  const sums = scope.parameters.map(({ spec }) => sumOf(spec));
  const slopes = scaling.unscaled(sums.map(({ name, shape }) => graph.input(name, shape)));
  const learnt = updates(scope, {
    optimizer,
    slopes,
    rate: graph.input('rate', []),
    step: scaling.counted(graph.input('step', [])),
    averaging: layout.averaging,
  });
  const finished = scaling.finished(slopes, learnt);
  const updateParts = inParts(finished.next);

  return {
    forward: { projection: forward.projection },
    objective: { slope: gradients(loss.surrogate, [whole])[0], ...reads },
    backward: namedNext([...added, ...statistics]),
    updates: updateParts.map((part, k) => ({
      ...namedNext(part),
      ...(k === updateParts.length - 1 && finished.reads),
    })),
    state: [...learnt, ...statistics, ...finished.next.slice(learnt.length)].map(({ spec }) => spec),
    sums,
    reads: [...Object.keys(reads), ...Object.keys(finished.reads)],
    loss,
  };
}

/** Splits the tensors, in order, into parts of an eighth of the total, or of one parameter and its optimizer state. */
function inParts(tensors: readonly NextTensor[]): NextTensor[][] {
  const size = (list: readonly NextTensor[]) => list.reduce((sum, { spec }) => sum + elements(spec.shape), 0);
  const groups = new Map<string, NextTensor[]>();
  for (const tensor of tensors) {
    const { of = tensor.spec.name } = tensor;
    groups.set(of, [...(groups.get(of) ?? []), tensor]);
  }
  const parts: NextTensor[][] = [[]];
  for (const group of groups.values()) {
    if (size(parts.at(-1)!) + size(group) > size(tensors) / 8) parts.push([]);
    parts.at(-1)!.push(...group);
  }
  return parts.filter((part) => part.length > 0);
}

function needsAll(name: string): never {
  throw new BagsslError(
    'bad-argument',
    `The objective "${name}" needs the whole batch in one step; leave "slices" at 1.`,
  );
}

/** For objectives that use the learner without saying `wholeBatch`. */
function alone(name: string): Learner {
  const refuse = () => needsAll(name);
  return { predict: refuse, target: refuse };
}
