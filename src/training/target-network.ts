import { cast } from '../graph/functions.ts';
import type { Precision, Shape, Value } from '../graph/graph.ts';
import { elements } from '../graph/graph.ts';
import { stopGradient } from '../graph/with-gradient.ts';
import { type Init, Scope, type TensorSpec } from '../model/scope.ts';
import { movingAverage } from '../optimizers/moving-average.ts';

/**
 * Where a target network finds its tensors. Each parameter is the moving average of the online network's parameter of that
 * name, updated at the start of the step, before it is used. Its batch norm uses the batch's own statistics and keeps no
 * running ones, because nobody evaluates a target network.
 */
export class TargetScope extends Scope {
  /** The moving averages and their next values. */
  readonly averages: { spec: TensorSpec; next: Value }[] = [];
  readonly #online: ReadonlyMap<string, Value>;

  constructor(
    online: Scope,
    private readonly momentum: Value,
    private readonly step: Value,
  ) {
    super(online.graph, undefined, online.precision);
    this.#online = new Map(online.parameters.map(({ spec, value }) => [spec.name, value]));
  }

  override parameter(name: string, shape: Shape, _init: Init, precision: Precision = this.precision): Value {
    const spec = { name: `target.${name}`, shape, init: { constant: 0 } };
    const past = this.graph.input(spec.name, shape);
    const next = stopGradient(movingAverage(past, this.#online.get(name)!, this.momentum, this.step));
    this.averages.push({ spec, next });
    return cast(next, precision);
  }

  override statistic(_name: string, shape: Shape, init: Init) {
    const start = 'constant' in init ? init.constant : 0;
    const value = this.graph.constant(new Float32Array(elements(shape)).fill(start), shape);
    return { value, next: () => undefined };
  }
}
