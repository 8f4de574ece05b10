import { BagsslError } from '../../base/errors.ts';
import type { Geometry } from '../functions.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { mismatch, sameType } from '../shapes.ts';

/** The geometry of a convolution's node, with ONNX's defaults. */
export function geometryOf({ type }: Operator, attributes: Attributes): Geometry {
  if ((attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') {
    throw new BagsslError(
      'unsupported-operator',
      `${type} with auto_pad "${attributes.auto_pad}": give explicit pads.`,
    );
  }
  const group = (attributes.group as number | undefined) ?? 1;
  const list = (name: string, otherwise: number[]) => (attributes[name] as readonly number[] | undefined) ?? otherwise;
  return {
    strides: list('strides', [1, 1]),
    pads: list('pads', [0, 0, 0, 0]),
    dilations: list('dilations', [1, 1]),
    group,
  };
}

/** How far the kernel's taps reach: dilation·(kernel − 1). */
export const reach = (w: Value, { dilations }: Geometry) => [0, 1].map((i) => dilations[i] * (w.shape[i + 2] - 1));

const Conv: Operator = {
  type: 'Conv',
  infer([x, w, bias], attributes) {
    sameType('Conv', x, w, ...(bias ? [bias] : []));
    const g = geometryOf(Conv, attributes);
    if (x.shape.length !== 4 || w.shape.length !== 4) throw mismatch('Conv', 'must be [N,C,H,W] and [M,C,kH,kW]', x, w);
    const group = g.group!;
    if (x.shape[1] !== w.shape[1] * group) throw mismatch('Conv', `have different channels at group ${group}`, x, w);
    if (w.shape[0] % group !== 0) throw mismatch('Conv', `has kernels that ${group} groups cannot share equally`, w);
    if (bias && `${bias.shape}` !== `${[w.shape[0]]}`) throw mismatch('Conv', 'do not fit as kernel and bias', w, bias);
    const taps = reach(w, g);
    const extent = [0, 1].map(
      (i) => Math.floor((x.shape[i + 2] + g.pads[i] + g.pads[i + 2] - taps[i] - 1) / g.strides[i]) + 1,
    );
    if (extent.some((e) => e < 1))
      throw mismatch('Conv', 'leave no output: the kernel is larger than the padded input', x, w);
    return [{ dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...extent] }];
  },
};

const ConvTranspose: Operator = {
  type: 'ConvTranspose',
  infer([x, w, bias], attributes) {
    sameType('ConvTranspose', x, w, ...(bias ? [bias] : []));
    const g = geometryOf(ConvTranspose, attributes);
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
};

export const operators = [Conv, ConvTranspose];
