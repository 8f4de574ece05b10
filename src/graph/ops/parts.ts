import { elements } from '../elements.ts';
import { concat, matmul, pad, reshape } from '../functions.ts';
import type { Operator, Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';

/** The axis and the indices counted from the front; indices must be a constant. */
function picked([x, indices]: readonly Value[], axis: unknown) {
  const along = axisOf('Gather', (axis as number | undefined) ?? 0, x.shape.length);
  const extent = x.shape[along];
  const places = constantIntegers('Gather', indices).map((index) => {
    if (index < -extent || index >= extent) throw mismatch('Gather', `has no element ${index} along axis ${along}`, x);
    return index < 0 ? index + extent : index;
  });
  return { along, extent, places };
}

/** The gradient is a product with a matrix of zeros and ones, of at most this many elements. */
const MOST_SPREAD = 2 ** 24;

/** The elements at constant places along one axis. An element taken twice gets both gradients. */
const Gather: Operator = {
  type: 'Gather',
  infer([x, indices], { axis }) {
    const { along } = picked([x, indices], axis);
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)] }];
  },
  gradient({ node, gradients: [g] }) {
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
};

/** Consecutive parts along one axis, whose extents are a constant input (since opset 13). */
const Split: Operator = {
  type: 'Split',
  infer([x, extents], { axis = 0 }) {
    const along = axisOf('Split', axis as number, x.shape.length);
    if (!extents) throw mismatch('Split', 'needs the extents of its parts as a second input', x);
    const parts = constantIntegers('Split', extents);
    if (parts.some((e) => e < 0) || parts.reduce((total, e) => total + e, 0) !== x.shape[along]) {
      throw mismatch('Split', `cannot be divided into [${parts}] along axis ${along}`, x);
    }
    return parts.map((extent) => ({ dtype: x.dtype, shape: x.shape.map((e, i) => (i === along ? extent : e)) }));
  },
  gradient({ node, gradients }) {
    const [x] = node.inputs;
    const along = axisOf('Split', (node.attributes.axis as number | undefined) ?? 0, x.shape.length);
    const zeros = (v: Value) => x.graph.floats(new Float32Array(elements(v.shape)), v.shape, v.dtype);
    const parts = node.outputs.map((output, k) => gradients[k] ?? zeros(output));
    return [concat(parts, along), undefined];
  },
};

export const operators = [Gather, Split];
