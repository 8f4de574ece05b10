import type { Value } from '../graph/graph.ts';

/** What an update rule is given for one parameter. */
export interface UpdateContext {
  /** The parameter, of any shape. */
  readonly parameter: Value;
  /** The loss's gradient by it, of its shape. */
  readonly gradient: Value;
  /** The rule's own memory of this parameter, one tensor of the parameter's shape for each name in `slots`. */
  readonly memory: readonly Value[];
  /** Learning rate, a scalar. */
  readonly rate: Value;
  /** The step's number as a float scalar, 1 at the first. */
  readonly step: Value;
}

/** A parameter's next value and its memory's. */
export interface Update {
  /** The parameter's next value. */
  readonly parameter: Value;
  /** The next value of each tensor of its memory. */
  readonly memory: readonly Value[];
}

/** A rule by which parameters follow their gradients. All memory starts at zero. */
export interface Optimizer {
  /** For messages and checkpoints; the kind of one that comes with the package. */
  readonly name: string;
  /** Names of the tensors that the rule remembers of each parameter, such as `momentum`. */
  readonly slots: readonly string[];
  /** Adds one parameter's update to the graph. */
  update(context: UpdateContext): Update;
}
