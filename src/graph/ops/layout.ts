import { elements } from '../elements.ts';
import { flip, pad, reshape, slice, transpose, unbroadcast } from '../functions.ts';
import type { Operator, Value } from '../graph.ts';
import { axisOf, broadcast, constantIntegers, mismatch, sameType, sliceRanges } from '../shapes.ts';

const Identity: Operator = {
  type: 'Identity',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
  gradient: ({ gradients: [g] }) => [g],
};

const Reshape: Operator = {
  type: 'Reshape',
  infer([x, target]) {
    const wanted = constantIntegers('Reshape', target).map((extent, i) => (extent === 0 ? x.shape[i] : extent));
    const known = elements(wanted.filter((extent) => extent !== -1));
    const shape = wanted.map((extent) => (extent === -1 ? elements(x.shape) / known : extent));
    if (elements(shape) !== elements(x.shape) || shape.some((extent) => !Number.isInteger(extent) || extent < 0)) {
      throw mismatch('Reshape', `does not fit shape [${wanted}]`, x);
    }
    return [{ dtype: x.dtype, shape }];
  },
  gradient: ({ node, gradients: [g] }) => [reshape(g!, node.inputs[0].shape), undefined],
};

const Transpose: Operator = {
  type: 'Transpose',
  infer([x], { perm }) {
    const order = (perm as readonly number[] | undefined) ?? x.shape.map((_, i) => x.shape.length - 1 - i);
    if ([...order].sort((a, b) => a - b).join() !== x.shape.map((_, i) => i).join()) {
      throw mismatch('Transpose', `cannot be permuted by [${order}]`, x);
    }
    return [{ dtype: x.dtype, shape: order.map((axis) => x.shape[axis]) }];
  },
  gradient({ node, gradients: [g] }) {
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
};

const Expand: Operator = {
  type: 'Expand',
  infer([x, target]) {
    const shape = constantIntegers('Expand', target);
    return [{ dtype: x.dtype, shape: broadcast('Expand', x, { ...target, shape }) }];
  },
  gradient: ({ node, gradients: [g] }) => [unbroadcast(g!, node.inputs[0]), undefined],
};

const Concat: Operator = {
  type: 'Concat',
  infer(inputs, { axis }) {
    const [first] = inputs;
    sameType('Concat', ...inputs);
    const along = axisOf('Concat', axis as number, first.shape.length);
    for (const input of inputs) {
      const fits =
        input.shape.length === first.shape.length && input.shape.every((e, i) => i === along || e === first.shape[i]);
      if (!fits) throw mismatch('Concat', `differ outside axis ${along}`, first, input);
    }
    const total = inputs.reduce((length, input) => length + input.shape[along], 0);
    return [{ dtype: first.dtype, shape: first.shape.map((extent, i) => (i === along ? total : extent)) }];
  },
  gradient({ node, gradients: [g], wanted }) {
    const axis = axisOf('Concat', node.attributes.axis as number, node.inputs[0].shape.length);
    let start = 0;
    return node.inputs.map((input, k) => {
      const from = start;
      start += input.shape[axis];
      return wanted[k] ? slice(g!, [axis], [from], [start]) : undefined;
    });
  },
};

const Slice: Operator = {
  type: 'Slice',
  infer: (inputs) => [
    { dtype: inputs[0].dtype, shape: sliceRanges(inputs[0], inputs.slice(1)).map(({ count }) => count) },
  ],
  gradient({ node, gradients: [g] }) {
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
};

const Pad: Operator = {
  type: 'Pad',
  infer([x, pads], { mode = 'constant' }) {
    if (mode !== 'constant') throw mismatch('Pad', `cannot be padded in mode "${mode}", only "constant"`, x);
    const amounts = constantIntegers('Pad', pads);
    const rank = x.shape.length;
    return [{ dtype: x.dtype, shape: x.shape.map((extent, i) => extent + amounts[i] + amounts[i + rank]) }];
  },
  gradient({ node, gradients: [g] }) {
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

export const operators = [Identity, Reshape, Transpose, Expand, Concat, Slice, Pad];

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
