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
}

/** How many views of how many images a batch of projections holds; row v·images + b is view v of image b. */
export interface Views {
  readonly views: number;
  readonly images: number;
}

/** A self-supervised objective on projections [views·images, d]. */
export interface Objective {
  readonly name: string;
  build(projection: Value, layout: Views): Loss;
}
