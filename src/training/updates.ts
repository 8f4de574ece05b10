import type { Value } from '../graph/graph.ts';
import type { Scope, TensorSpec } from '../model/scope.ts';
import { averageOf } from '../optimizers/averaged-weights.ts';
import { movingAverage } from '../optimizers/moving-average.ts';
import type { Optimizer } from '../optimizers/optimizer.ts';

/** A tensor of the state and its next value. */
export interface NextTensor {
  readonly spec: TensorSpec;
  readonly next: Value;
  /** Tensors of the same group depend on each other and are updated together; by default each is updated on its own. */
  readonly of?: string;
}

export interface UpdateOptions {
  readonly optimizer: Optimizer;
  /** ∂L/∂parameter for each parameter of the scope, in its order. */
  readonly slopes: readonly Value[];
  readonly rate: Value;
  readonly step: Value;
  /** Keep a moving average of parameters and statistics with this share of the past. */
  readonly averaging?: number;
}

/** The end of a step: the next parameters, the optimizer state of each and, if the run keeps them, moving averages. */
export function updates(scope: Scope, { optimizer, slopes, rate, step, averaging }: UpdateOptions): NextTensor[] {
  const { graph } = scope;
  const zeros = { constant: 0 };
  const learnt = scope.parameters.flatMap(({ spec, value }, k) => {
    const slots = optimizer.slots.map((slot) => ({ name: `${spec.name}.${slot}`, shape: spec.shape, init: zeros }));
    const memory = slots.map(({ name, shape }) => graph.input(name, shape));
    const update = optimizer.update({ parameter: value, gradient: slopes[k], memory, rate, step });
    const memories = slots.map((slot, i) => ({ spec: slot, next: update.memory[i], of: spec.name }));
    return [{ spec, next: update.parameter, of: spec.name }, ...memories];
  });
  if (averaging === undefined) return learnt;
  const weights = [
    ...scope.parameters.map(({ spec }) => ({ spec, next: learnt.find((tensor) => tensor.spec === spec)!.next })),
    ...scope.statistics.map(({ spec, value, next }) => ({ spec, next: next ?? value })),
  ];
  const averages = weights.map(({ spec, next }) => {
    const average = { name: averageOf(spec.name), shape: spec.shape, init: zeros };
    const past = graph.input(average.name, average.shape);
    return { spec: average, next: movingAverage(past, next, graph.scalar(averaging), step), of: spec.name };
  });
  return [...learnt, ...averages];
}
