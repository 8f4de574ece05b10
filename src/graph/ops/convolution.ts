import { checkOptions } from '../../base/options.ts';
import { GEOMETRY, type Geometry, geometryOf, reach } from '../attributes.ts';
import { type Attributes, elements, graphOf, type Operator, type Value } from '../graph.ts';
import { mismatch, sameType } from '../shapes.ts';

export default [
  {
    type: 'Conv',
    since: 1,
    kind: 'product',
    settings: [],
    infer([x, w, bias], attributes) {
      sameType('Conv', x, w, ...(bias ? [bias] : []));
      const g = geometryOf('Conv', attributes);
      if (x.shape.length !== 4 || w.shape.length !== 4)
        throw mismatch('Conv', 'must be [N,C,H,W] and [M,C,kH,kW]', x, w);
      const group = g.group!;
      if (x.shape[1] !== w.shape[1] * group) throw mismatch('Conv', `have different channels at group ${group}`, x, w);
      if (w.shape[0] % group !== 0) throw mismatch('Conv', `has kernels that ${group} groups cannot share equally`, w);
      if (bias && `${bias.shape}` !== `${[w.shape[0]]}`)
        throw mismatch('Conv', 'do not fit as kernel and bias', w, bias);
      const taps = reach(w, g);
      const extent = [0, 1].map(
        (i) => Math.floor((x.shape[i + 2] + g.pads[i] + g.pads[i + 2] - taps[i] - 1) / g.strides[i]) + 1,
      );
      if (extent.some((e) => e < 1))
        throw mismatch('Conv', 'leave no output: the kernel is larger than the padded input', x, w);
      return [{ dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...extent] }];
    },
    /** Each output element sums over C/group·kH·kW products. */
    multiplyAdds: ({ inputs: [, w], outputs: [y] }) => elements(y.shape) * elements(w.shape.slice(1)),
  },
  {
    type: 'ConvTranspose',
    since: 1,
    kind: 'product',
    settings: [],
    infer([x, w, bias], attributes) {
      sameType('ConvTranspose', x, w, ...(bias ? [bias] : []));
      const g = geometryOf('ConvTranspose', attributes);
      const channels = w.shape[1] * g.group!;
      if (x.shape[1] !== w.shape[0]) throw mismatch('ConvTranspose', 'have different channels', x, w);
      if (w.shape[0] % g.group! !== 0) throw mismatch('ConvTranspose', `cannot be shared by ${g.group} groups`, w);
      if (bias && `${bias.shape}` !== `${[channels]}`)
        throw mismatch('ConvTranspose', 'do not fit as kernel and bias', w, bias);
      const extra = (attributes.output_padding as readonly number[] | undefined) ?? [0, 0];
      const taps = reach(w, g);
      const extent = [0, 1].map(
        (i) => (x.shape[i + 2] - 1) * g.strides[i] + taps[i] + 1 + extra[i] - g.pads[i] - g.pads[i + 2],
      );
      return [{ dtype: x.dtype, shape: [x.shape[0], channels, ...extent] }];
    },
    /** Each input element meets M/group·kH·kW weights. */
    multiplyAdds: ({ inputs: [x, w] }) => elements(x.shape) * elements(w.shape.slice(1)),
  },
] satisfies Operator[];

export type { Geometry } from '../attributes.ts';

/** y[n, m] = Σ_c x[n, c] ⋆ w[m, c] (+ bias[m]): x [N,C,H,W], w [M,C/group,kH,kW]. */
export function conv(x: Value, w: Value, g: Geometry, bias?: Value): Value {
  return graphOf(x).apply('Conv', bias ? [x, w, bias] : [x, w], {
    ...convAttributes('conv', g),
    kernel_shape: w.shape.slice(2),
  })[0];
}

function convAttributes(of: string, geometry: Geometry): Attributes {
  checkOptions(of, geometry, GEOMETRY);
  const { strides, pads, dilations, group = 1 } = geometry;
  return { strides, pads, dilations, ...(group > 1 && { group }) };
}

/** The adjoint of `conv` in x; `extra` rows and columns are added at the end where strides left the size open. */
export function convTranspose(x: Value, w: Value, g: Geometry, extra: readonly number[] = [0, 0]): Value {
  const graph = graphOf(x);
  const attributes = { ...convAttributes('convTranspose', g), kernel_shape: w.shape.slice(2), output_padding: extra };
  return graph.apply('ConvTranspose', [x, w], attributes)[0];
}
