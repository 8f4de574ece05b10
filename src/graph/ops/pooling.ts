import { BagsslError } from '../../base/errors.ts';
import type { Attributes, Operator, Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';

export interface Pool {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right. */
  readonly pads: readonly number[];
}

/** A pooling node's window and the extent of what it gives, checked. */
export function pool(type: string, x: Value, attributes: Attributes): Pool & { extent: readonly number[] } {
  if ((attributes.auto_pad ?? 'NOTSET') !== 'NOTSET' || (attributes.ceil_mode ?? 0) !== 0) {
    throw new BagsslError(
      'unsupported-operator',
      `${type} with auto_pad or ceil_mode (input "${x.name}"): give explicit pads and let it round down.`,
    );
  }
  if (x.shape.length !== 4) throw mismatch(type, 'must be [N,C,H,W]', x);
  const list = (name: string, otherwise: number[]) => (attributes[name] as readonly number[] | undefined) ?? otherwise;
  const kernel = list('kernel_shape', []);
  if (kernel.length !== 2) throw mismatch(type, `needs a window of two extents, not [${kernel}]`, x);
  const strides = list('strides', [1, 1]);
  const pads = list('pads', [0, 0, 0, 0]);
  const dilations = list('dilations', [1, 1]);
  const extent = [0, 1].map((i) => {
    const reach = dilations[i] * (kernel[i] - 1);
    if (pads[i] >= reach + 1 || pads[i + 2] >= reach + 1) throw mismatch(type, `has windows in the padding alone`, x);
    return Math.floor((x.shape[i + 2] + pads[i] + pads[i + 2] - reach - 1) / strides[i]) + 1;
  });
  if (extent.some((e) => e < 1)) throw mismatch(type, `is smaller than the window [${kernel}]`, x);
  return { kernel, strides, pads, dilations, extent };
}

const infer =
  (type: string): Operator['infer'] =>
  ([x], attributes) => [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...pool(type, x, attributes).extent] }];

/** The largest element under the window. */
const MaxPool: Operator = {
  type: 'MaxPool',
  infer: infer('MaxPool'),
};

/** The mean under the window: of all its places with count_include_pad, else of those inside the image. */
const AveragePool: Operator = {
  type: 'AveragePool',
  infer: infer('AveragePool'),
};

const GlobalAveragePool: Operator = {
  type: 'GlobalAveragePool',
  infer: ([x]) => [{ dtype: x.dtype, shape: x.shape.map((extent, i) => (i < 2 ? extent : 1)) }],
};

export const operators = [MaxPool, AveragePool, GlobalAveragePool];
