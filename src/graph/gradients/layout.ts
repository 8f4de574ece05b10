import { flip, pad, reshape, slice, transpose, unbroadcast } from '../functions.ts';
import type { GradientRules, Value } from '../graph.ts';
import { axisOf, constantIntegers, sliceRanges } from '../shapes.ts';

export const rules: GradientRules = {
  Identity: ({ gradients: [g] }) => [g],
  Expand: ({ node, gradients: [g] }) => [unbroadcast(g!, node.inputs[0]), undefined],

  Transpose({ node, gradients: [g] }) {
    const rank = node.inputs[0].shape.length;
    const order =
      (node.attributes.perm as readonly number[] | undefined) ?? Array.from({ length: rank }, (_, i) => rank - 1 - i);
    return [
      transpose(
        g!,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },

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
