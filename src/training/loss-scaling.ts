import { add, div, greater, mul, reduceSumSquare, scale, shift, sub, where } from '../graph/functions.ts';
import type { Graph, Precision, Value } from '../graph/graph.ts';
import type { NextTensor } from './updates.ts';

/** What half precision adds to a step's graph. */
export interface LossScaling {
  /** The loss to differentiate. */
  scaled(loss: Value): Value;
  /** The gradients of the loss, from those of the scaled loss. */
  unscaled(slopes: readonly Value[]): readonly Value[];
  /** The number of this step, not counting skipped steps. */
  counted(step: Value): Value;
  /** The tensors' next values if every gradient is finite, otherwise their current ones. */
  guarded(slopes: readonly Value[], tensors: readonly NextTensor[]): readonly NextTensor[];
  /** The same values with the scaling's own state appended, and the parts of it that a report shows. */
  finished(slopes: readonly Value[], tensors: readonly NextTensor[]): Finished;
}

interface Finished {
  readonly next: readonly NextTensor[];
  readonly reads: Readonly<Record<string, Value>>;
}

/** Loss scaling does nothing in float32 and is dynamic in float16. */
export const lossScaling = (graph: Graph, precision: Precision): LossScaling =>
  precision === 'float16' ? new DynamicScaling(graph) : NONE;

const NONE: LossScaling = {
  scaled: (loss) => loss,
  unscaled: (slopes) => slopes,
  counted: (step) => step,
  guarded: (_, tensors) => tensors,
  finished: (_, next) => ({ next, reads: {} }),
};

/** The scale, the good steps since it last changed, and the number of skipped steps. */
export const SCALING = [
  { name: 'scaling.scale', shape: [], init: { constant: 2 ** 16 } },
  { name: 'scaling.good', shape: [], init: { constant: 0 } },
  { name: 'scaling.skipped', shape: [], init: { constant: 0 } },
];

/** This many good steps in a row double the scale. */
const PATIENCE = 1000;
/** An upper bound on the sum of squares of gradients that were half floats. */
const FINITE = 1e30;

/**
 * Dynamic loss scaling (Micikevicius et al., "Mixed Precision Training", arXiv 1710.03740), inside the graph. Half floats
 * range from 6e-8 to 65,504, so the loss is multiplied by a scale before it is differentiated, and the gradients are divided
 * by it. If any gradient is not finite, the step changes nothing, counts as skipped, and the scale halves.
 */
class DynamicScaling implements LossScaling {
  readonly #scale: Value;
  readonly #good: Value;
  readonly #skipped: Value;

  constructor(private readonly graph: Graph) {
    [this.#scale, this.#good, this.#skipped] = SCALING.map(({ name, shape }) => graph.input(name, shape));
  }

  scaled(loss: Value): Value {
    return mul(loss, this.#scale);
  }

  unscaled(slopes: readonly Value[]): Value[] {
    return slopes.map((slope) => div(slope, this.#scale));
  }

  counted(step: Value): Value {
    return sub(step, this.#skipped);
  }

  guarded(slopes: readonly Value[], tensors: readonly NextTensor[]): NextTensor[] {
    const now = new Map(this.graph.inputs.map((input) => [input.name, input]));
    const finite = this.#finite(slopes);
    return tensors.map((tensor) => ({ ...tensor, next: where(finite, tensor.next, now.get(tensor.spec.name)!) }));
  }

  finished(slopes: readonly Value[], tensors: readonly NextTensor[]): Finished {
    const [zero, one] = [0, 1].map((value) => this.graph.scalar(value));
    const finite = this.#finite(slopes);
    const good = shift(this.#good, 1);
    const due = greater(good, this.graph.scalar(PATIENCE - 0.5));
    const kept = where(due, scale(this.#scale, 2), this.#scale);
    const lossScale = where(finite, kept, scale(this.#scale, 0.5));
    const skipped = add(this.#skipped, where(finite, zero, one));
    const own = [lossScale, where(finite, where(due, zero, good), zero), skipped];
    return {
      next: [...this.guarded(slopes, tensors), ...own.map((next, k) => ({ spec: SCALING[k], next, of: 'scaling' }))],
      reads: { lossScale, skipped },
    };
  }

  // An infinite gradient makes the sum of squares infinite, and a NaN makes it NaN: neither is below the bound.
  #finite(slopes: readonly Value[]): Value {
    const squares = slopes.map((slope) => {
      const all = slope.shape.map((_, i) => i);
      return reduceSumSquare(slope, all);
    });
    return greater(this.graph.scalar(FINITE), squares.reduce(add));
  }
}
