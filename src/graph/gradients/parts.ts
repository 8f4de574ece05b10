import { placesOf, sliceRanges } from '../attributes.ts';
import { concat, flip, matmul, pad, reshape, slice } from '../functions.ts';
import { elements, type GradientRules, type Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';

/** The gradient of Gather is a product with a matrix of zeros and ones, of at most this many elements. */
const MOST_SPREAD = 2 ** 24;

export const rules: GradientRules = {
  Concat({ node, gradients: [g], wanted }) {
    const axis = axisOf('Concat', node.attributes.axis as number, node.inputs[0].shape.length);
    let start = 0;
    return node.inputs.map((input, k) => {
      const from = start;
      start += input.shape[axis];
      return wanted[k] ? slice(g!, [axis], [from], [start]) : undefined;
    });
  },

  Slice({ node, gradients: [g] }) {
    const [x] = node.inputs;
    const ranges = sliceRanges(x, node.inputs.slice(1));
    let spread = g!;
    const flipped = ranges.flatMap(({ step }, i) => (step < 0 ? [i] : []));
    if (flipped.length) spread = flip(spread, flipped);
    ranges.forEach(({ step, count }, i) => {
      if (Math.abs(step) > 1 && count > 1) spread = dilate(spread, i, Math.abs(step));
    });
    const before = ranges.map(({ start, step, count }) => (step < 0 ? start + (count - 1) * step : start));
    const after = x.shape.map((extent, i) => extent - before[i] - spread.shape[i]);
    return [pad(spread, before, after), ...node.inputs.slice(1).map(() => undefined)];
  },

  Pad({ node, gradients: [g] }) {
    const [x, pads] = node.inputs;
    const amounts = constantIntegers('Pad', pads);
    const axes = x.shape.map((_, i) => i);
    return [
      slice(
        g!,
        axes,
        axes.map((i) => amounts[i]),
        axes.map((i) => amounts[i] + x.shape[i]),
      ),
      undefined,
    ];
  },

  /** An element taken twice gets both gradients. */
  Gather({ node, gradients: [g] }) {
    const [x] = node.inputs;
    const { along, extent, places } = placesOf(node.inputs, node.attributes);
    const [outer, inner] = [elements(x.shape.slice(0, along)), elements(x.shape.slice(along + 1))];
    const parts = reshape(g!, [outer, places.length, inner]);
    if (places.length === 1) {
      return [reshape(pad(parts, [0, places[0], 0], [0, extent - 1 - places[0], 0]), x.shape), undefined];
    }
    if (extent * places.length > MOST_SPREAD) {
      throw mismatch('Gather', `is too large for the gradient of ${places.length} places along axis ${along}`, x);
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

/** step − 1 zeros between neighbours along an axis: [a, b] → [a, 0, b] for step 2. */
function dilate(x: Value, axis: number, step: number): Value {
  const split = [...x.shape.slice(0, axis + 1), 1, ...x.shape.slice(axis + 1)];
  const none = split.map(() => 0);
  const spaced = pad(
    reshape(x, split),
    none,
    none.map((_, i) => (i === axis + 1 ? step - 1 : 0)),
  );
  const joined = reshape(
    spaced,
    x.shape.map((extent, i) => (i === axis ? extent * step : extent)),
  );
  return slice(joined, [axis], [0], [(x.shape[axis] - 1) * step + 1]);
}
