import type { Value } from '../graph/graph.ts';

/** What an update rule is given for one parameter. */
export interface UpdateContext {
  readonly parameter: Value;
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
  readonly parameter: Value;
  readonly memory: readonly Value[];
}

/** A rule by which parameters follow their gradients. All memory starts at zero. */
export interface Optimizer {
  readonly name: string;
  readonly slots: readonly string[];
  update(context: UpdateContext): Update;
}
