import { elements } from '../elements.ts';
import type { Operator } from '../graph.ts';
import { axisOf, broadcast, constantIntegers, mismatch, sameType, sliceRanges } from '../shapes.ts';

const Identity: Operator = {
  type: 'Identity',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
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
};

const Expand: Operator = {
  type: 'Expand',
  infer([x, target]) {
    const shape = constantIntegers('Expand', target);
    return [{ dtype: x.dtype, shape: broadcast('Expand', x, { ...target, shape }) }];
  },
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
};

const Slice: Operator = {
  type: 'Slice',
  infer: (inputs) => [
    { dtype: inputs[0].dtype, shape: sliceRanges(inputs[0], inputs.slice(1)).map(({ count }) => count) },
  ],
};

const Pad: Operator = {
  type: 'Pad',
  infer([x, pads], { mode = 'constant' }) {
    if (mode !== 'constant') throw mismatch('Pad', `cannot be padded in mode "${mode}", only "constant"`, x);
    const amounts = constantIntegers('Pad', pads);
    const rank = x.shape.length;
    return [{ dtype: x.dtype, shape: x.shape.map((extent, i) => extent + amounts[i] + amounts[i + rank]) }];
  },
};

export const operators = [Identity, Reshape, Transpose, Expand, Concat, Slice, Pad];
