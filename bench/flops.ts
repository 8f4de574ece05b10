import { multiplyAdds } from '../src/graph/graph.ts';
import { needed, type Outputs } from '../src/graph/needed.ts';

/** Floating-point operations of a model's convolutions and matrix products: two for each multiply-add. */
export const flops = (outputs: Outputs): number =>
  needed(outputs).nodes.reduce((total, node) => total + 2 * multiplyAdds(node), 0);
