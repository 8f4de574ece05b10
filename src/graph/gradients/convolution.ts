import { type Geometry, geometryOf, reach } from '../attributes.ts';
import { conv, convTranspose, flip, inFloat32, reduceSum, reshape, slice, transpose } from '../functions.ts';
import type { GradientRules, Value } from '../graph.ts';

export const rules: GradientRules = {
  Conv({ node, gradients: [dy], wanted }) {
    const [x, w] = node.inputs;
    const g = geometryOf(node.operator.type, node.attributes);
    return [
      wanted[0] ? inputGradient(dy!, w, g, x.shape) : undefined,
      wanted[1] ? inFloat32((a, b) => kernelGradient(a, b, g, w.shape), x, dy!) : undefined,
      wanted[2] ? reduceSum(dy!, [0, 2, 3]) : undefined,
    ].slice(0, node.inputs.length);
  },

  // ConvTranspose is the adjoint of Conv in x, so its gradients are a Conv and Conv's kernel gradient with the roles exchanged.
  ConvTranspose({ node, gradients: [dy], wanted }) {
    const [x, w] = node.inputs;
    const g = geometryOf(node.operator.type, node.attributes);
    return [
      wanted[0] ? slice(conv(dy!, w, g), [2, 3], [0, 0], x.shape.slice(2)) : undefined,
      wanted[1] ? inFloat32((a, b) => kernelGradient(a, b, g, w.shape), dy!, x) : undefined,
      wanted[2] ? reduceSum(dy!, [0, 2, 3]) : undefined,
    ].slice(0, node.inputs.length);
  },
};

/**
 * ∂L/∂x of y = Conv(x, w). At stride 1 it is a convolution with the kernel rotated by 180° (on wasm a fifth
 * faster than ConvTranspose); at larger strides ConvTranspose inserts the zeros without multiplying by them.
 */
function inputGradient(dy: Value, w: Value, g: Geometry, shape: readonly number[]): Value {
  const taps = reach(w, g);
  const fullPads = [taps[0] - g.pads[0], taps[1] - g.pads[1], taps[0] - g.pads[2], taps[1] - g.pads[3]];
  if (g.strides.every((s) => s === 1) && fullPads.every((p) => p >= 0)) {
    const turned = flip(exchanged(w, g.group!), [2, 3]);
    return conv(dy, turned, { ...g, pads: fullPads });
  }
  const covered = [0, 1].map((i) => (dy.shape[i + 2] - 1) * g.strides[i] + taps[i] + 1 - g.pads[i] - g.pads[i + 2]);
  return convTranspose(dy, w, g, [shape[2] - covered[0], shape[3] - covered[1]]);
}

/** Kernels [M, C/group, kH, kW] with the roles of their channels exchanged group by group: [C, M/group, kH, kW]. */
function exchanged(w: Value, group: number): Value {
  const [m, c, kh, kw] = w.shape;
  if (group === 1) return transpose(w, [1, 0, 2, 3]);
  return reshape(transpose(reshape(w, [group, m / group, c, kh, kw]), [0, 2, 1, 3, 4]), [group * c, m / group, kh, kw]);
}

/**
 * ∂L/∂w of y = Conv(x, w), as one convolution whose kernel is dy:
 *   dw[m, c, a, b] = Σ_{n,i,j} dy[n, m, i, j] · x[n, c, s·i + d·a − p, s·j + d·b − p].
 * The obvious form makes x's channels the batch, and the inner product then has as few columns as the kernel has taps (9),
 * which wastes nearly half of a 16-wide matrix kernel. Here a row of x is laid out pixel by pixel with its C channels
 * together, so that horizontal neighbours are (column, channel) pairs: N channels in, kernel [H', W']
 * dilated by C, and all taps and channels come out side by side in one product of C·kW columns. Groups are
 * handled one by one: group·N channels in, C/group of x's channels together.
 */
function kernelGradient(x: Value, dy: Value, g: Geometry, shape: readonly number[]): Value {
  const [n, , h, w] = x.shape;
  const [m, c, kh, kw] = shape;
  const group = g.group!;
  const [oh, ow] = dy.shape.slice(2);
  const taps = [g.dilations[0] * (kh - 1), g.dilations[1] * (kw - 1)];
  // Rows beyond the input's end that the forward pass read; negative: rows inside that it never read.
  const beyond = [
    (oh - 1) * g.strides[0] + taps[0] + 1 - g.pads[0] - h,
    (ow - 1) * g.strides[1] + taps[1] + 1 - g.pads[1] - w,
  ];
  const [touchedH, touchedW] = [h + Math.min(0, beyond[0]), w + Math.min(0, beyond[1])];
  const touched = slice(x, [2, 3], [0, 0], [touchedH, touchedW]);
  const rows = reshape(channelsLast(touched, group), [1, group * n, touchedH, touchedW * c]);
  const columns = taps[1] + 1;
  const wide = conv(rows, transpose(dy, [1, 0, 2, 3]), {
    strides: [g.dilations[0], 1],
    dilations: [g.strides[0], g.strides[1] * c],
    pads: [g.pads[0], g.pads[1] * c, Math.max(0, beyond[0]), Math.max(0, beyond[1]) * c],
    group,
  });
  const split = reshape(wide, [m, kh, columns, c]);
  return transpose(slice(split, [2], [0], [columns], [g.dilations[1]]), [0, 3, 1, 2]);
}

/** [N,C,H,W] → [group·N, H, W, C/group], every group's channels together. */
function channelsLast(x: Value, group: number): Value {
  const [n, c, h, w] = x.shape;
  if (group === 1) return transpose(x, [0, 2, 3, 1]);
  return transpose(reshape(x, [n, group, c / group, h, w]), [1, 0, 3, 4, 2]);
}
