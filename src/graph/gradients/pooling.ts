import { type Pool, poolOf } from '../attributes.ts';
import {
  concat,
  convTranspose,
  expand,
  greater,
  like,
  mul,
  pad,
  reshape,
  scale,
  slice,
  sum,
  unsqueeze,
  where,
} from '../functions.ts';
import { type Attributes, elements, type GradientRules, type Value } from '../graph.ts';

export const rules: GradientRules = {
  /**
   * If several elements are largest, the first in row order gets the gradient, as in PyTorch. The rule needs no indices, which
   * WebGPU does not provide: a window is a row of maxima over columns, so the gradient passes through the rows to `across`, then
   * through the columns to x, with k + k taps instead of k·k.
   */
  MaxPool({ node, gradients: [dy] }) {
    const [x] = node.inputs;
    const p = poolOf('MaxPool', x, node.attributes);
    const along = (axis: 0 | 1): Attributes => ({
      kernel_shape: axis === 0 ? [p.kernel[0], 1] : [1, p.kernel[1]],
      strides: axis === 0 ? [p.strides[0], 1] : [1, p.strides[1]],
      dilations: axis === 0 ? [p.dilations[0], 1] : [1, p.dilations[1]],
      pads: axis === 0 ? [p.pads[0], 0, p.pads[2], 0] : [0, p.pads[1], 0, p.pads[3]],
    });
    const across = x.graph.apply('MaxPool', [x], along(1))[0];
    const dacross = towardsLargest(across, node.outputs[0], dy!, p, 0);
    return [towardsLargest(x, across, dacross, p, 1)];
  },

  // Each element of the window gets its share of dy: the adjoint of a depthwise convolution with equal taps.
  AveragePool({ node, gradients: [dy] }) {
    const [x] = node.inputs;
    const { kernel, strides, pads, extent } = poolOf('AveragePool', x, node.attributes);
    const [n, c, h, w] = x.shape;
    const size = elements(kernel);
    const fits = pads.every((p) => p === 0) && extent[0] * strides[0] === h && extent[1] * strides[1] === w;
    if (fits && `${kernel}` === `${strides}`) {
      const blocks = reshape(scale(dy!, 1 / size), [n, c, extent[0], 1, extent[1], 1]);
      return [reshape(expand(blocks, [n, c, extent[0], kernel[0], extent[1], kernel[1]]), x.shape)];
    }
    const inside = (axis: 0 | 1, i: number) => {
      const start = i * strides[axis] - pads[axis];
      return Math.min(x.shape[axis + 2], start + kernel[axis]) - Math.max(0, start);
    };
    const counts = Float32Array.from({ length: elements(extent) }, (_, k) =>
      node.attributes.count_include_pad === 1
        ? 1 / size
        : 1 / (inside(0, Math.floor(k / extent[1])) * inside(1, k % extent[1])),
    );
    const share = mul(dy!, x.graph.floats(counts, [1, 1, ...extent], x.dtype));
    const ones = x.graph.floats(new Float32Array(c * size).fill(1), [c, 1, ...kernel], x.dtype);
    const extra = [0, 1].map(
      (i) => x.shape[i + 2] - ((extent[i] - 1) * strides[i] + kernel[i] - pads[i] - pads[i + 2]),
    );
    return [convTranspose(share, ones, { strides, pads, dilations: [1, 1], group: c }, extra)];
  },

  GlobalAveragePool({ node, gradients: [dy] }) {
    const { shape } = node.inputs[0];
    return [expand(scale(dy!, 1 / elements(shape.slice(2))), shape)];
  },
};

/** ∂L/∂x of y = the maximum along one image axis: where a tap is not the largest, the gradient passes on to the next tap. */
function towardsLargest(x: Value, y: Value, dy: Value, { kernel, strides, pads, dilations }: Pool, axis: 0 | 1): Value {
  const zero = like(dy, 0);
  const [k, step, lead] = [kernel[axis], strides[axis], pads[axis]];
  const count = y.shape[axis + 2];
  const length = Math.max(x.shape[axis + 2] + lead, (count - 1) * step + dilations[axis] * (k - 1) + 1);
  const amounts = (n: number) => x.shape.map((_, i) => (i === axis + 2 ? n : 0));
  const padded = pad(x, amounts(lead), amounts(length - lead - x.shape[axis + 2]), -3.4e38);
  let rest = dy;
  const taps = Array.from({ length: k }, (_, a) => {
    const offset = a * dilations[axis];
    const seen = slice(padded, [axis + 2], [offset], [offset + (count - 1) * step + 1], [step]);
    const smaller = greater(y, seen);
    const part = where(smaller, zero, rest);
    if (a < k - 1) rest = where(smaller, rest, zero);
    return { offset, part };
  });
  return slice(interleaved(taps, axis + 2, step, length), [axis + 2], [lead], [lead + x.shape[axis + 2]]);
}

/**
 * Sums taps along an axis of `length`, the elements of each placed `step` apart, starting at its `offset`. Taps whose offsets
 * have the same remainder are summed at the coarse resolution; then the sums are interleaved once.
 */
function interleaved(taps: { offset: number; part: Value }[], axis: number, step: number, length: number): Value {
  const { shape } = taps[0].part;
  const coarse = Math.ceil(length / step);
  const amounts = (n: number) => shape.map((_, i) => (i === axis ? n : 0));
  const phases = Array.from({ length: step }, (_, phase) => {
    const shifted = taps
      .filter(({ offset }) => offset % step === phase)
      .map(({ offset, part }) => {
        const before = (offset - phase) / step;
        return pad(part, amounts(before), amounts(coarse - before - shape[axis]));
      });
    if (shifted.length > 1) return sum(shifted);
    return (
      shifted[0] ??
      expand(
        like(taps[0].part, 0),
        shape.map((extent, i) => (i === axis ? coarse : extent)),
      )
    );
  });
  if (step === 1) return phases[0];
  const woven = concat(
    phases.map((phase) => unsqueeze(phase, [axis + 1])),
    axis + 1,
  );
  return reshape(
    woven,
    shape.map((extent, i) => (i === axis ? coarse * step : extent)),
  );
}
