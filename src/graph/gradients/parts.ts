import { elements } from '../elements.ts';
import { concat, matmul, pad, reshape } from '../functions.ts';
import type { GradientRules, Value } from '../graph.ts';
import { picked } from '../ops/parts.ts';
import { axisOf, mismatch } from '../shapes.ts';

/** The gradient of Gather is a product with a matrix of zeros and ones, of at most this many elements. */
const MOST_SPREAD = 2 ** 24;

export const rules: GradientRules = {
  /** An element taken twice gets both gradients. */
  Gather({ node, gradients: [g] }) {
    const [x] = node.inputs;
    const { along, extent, places } = picked(node.inputs, node.attributes.axis);
    const [outer, inner] = [elements(x.shape.slice(0, along)), elements(x.shape.slice(along + 1))];
    const parts = reshape(g!, [outer, places.length, inner]);
    if (places.length === 1) {
      return [reshape(pad(parts, [0, places[0], 0], [0, extent - 1 - places[0], 0]), x.shape), undefined];
    }
    if (extent * places.length > MOST_SPREAD) {
      throw mismatch('Gather', `cannot get back the gradient of ${places.length} places along axis ${along}`, x);
    }
    const where = new Float32Array(extent * places.length);
    places.forEach((place, k) => {
      where[place * places.length + k] = 1;
    });
    const spread = matmul(x.graph.floats(where, [extent, places.length], x.dtype), parts);
    return [reshape(spread, x.shape), undefined];
  },

  Split({ node, gradients }) {
    const [x] = node.inputs;
    const along = axisOf('Split', (node.attributes.axis as number | undefined) ?? 0, x.shape.length);
    const zeros = (v: Value) => x.graph.floats(new Float32Array(elements(v.shape)), v.shape, v.dtype);
    const parts = node.outputs.map((output, k) => gradients[k] ?? zeros(output));
    return [concat(parts, along), undefined];
  },
};
