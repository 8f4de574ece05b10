import type { Value } from '../graph/graph.ts';

/** Numbers a step reports, by name; `loss` is always among them. */
export type Report = Readonly<Record<string, number>> & { readonly loss: number };

/** What an objective adds to the step's graph. */
export interface Loss {
  /** A scalar whose gradient is the loss's. Its value need not be: what the GPU cannot compute is left to `report`. */
  readonly surrogate: Value;
  /** What `report` wants to see, read back only when a report is due. */
  readonly reads: Readonly<Record<string, Value>>;
  /** The loss's value and its parts, from what was read. */
  report(reads: Readonly<Record<string, Float32Array>>): Report;
  /** Adds the loss's value to the graph, for programs without `report`; absent where `reads` has it as `loss`. */
  readonly value?: () => Value;
}

/** How many views of how many images a batch of projections holds; row v·images + b is view v of image b. */
export interface Views {
  /** Patches of each image, at least 2. */
  readonly views: number;
  /** In the batch, at least 2. */
  readonly images: number;
}

/** What a step offers to objectives that need more of the network than its projections; most need nothing. */
export interface Learner {
  /** A further head on x [n, d]: linear, batch norm, ReLU, linear back to d. Learnt with the network, used by the loss alone. */
  predict(x: Value, hidden: number): Value;
  /**
   * What a second network makes of the same patches, a constant to the gradient: its weights θ̄ start as the network's θ
   * and follow them after every step, θ̄ ← m·θ̄ + (1 − m)·θ, where m rises along half a cosine from `momentum` to 1 over the run.
   */
  target(momentum: number): Value;
}

/** A self-supervised objective on projections [views·images, d]. */
export interface Objective {
  /** For messages and checkpoints; the kind of one that comes with the package. */
  readonly name: string;
  /** Whether it uses the learner, so that a step must hold the whole batch in one graph and `slices` must be 1; default false. */
  readonly wholeBatch?: boolean;
  /** Adds the loss to the graph of the projections [views·images, d]. */
  build(projection: Value, layout: Views, learner: Learner): Loss;
}
