import { BagsslError } from '../../base/errors.ts';
import type { Attributes, Value } from '../graph.ts';
import { mismatch } from '../shapes.ts';
import type { Operation } from './operation.ts';

/** The backward pass of a pool grows with its window and strides; no network goes beyond this. */
const LARGEST = 1024;

/** Convolutions and pooling with explicit pads, also where the file has `auto_pad` or `ceil_mode`. */
export function windowed({ type, graph, inputs, attributes }: Operation): readonly Value[] {
  const { auto_pad = 'NOTSET', ceil_mode = 0, storage_order: _, ...rest } = attributes;
  const own = rest as Attributes & Record<string, readonly number[] | undefined>;
  const operands = inputs.filter((v) => v !== undefined);
  const [x, w] = operands;
  const kernel = own.kernel_shape ?? w?.shape.slice(2) ?? [];
  const space = kernel.map((_, i) => x.shape[i + 2]);
  const strides = own.strides ?? kernel.map(() => 1);
  const dilations = own.dilations ?? kernel.map(() => 1);
  const most = type.endsWith('Pool') ? LARGEST : Number.MAX_SAFE_INTEGER;
  for (const [what, numbers, least] of [
    ['kernel', kernel, 1],
    ['stride', strides, 1],
    ['dilation', dilations, 1],
    ['pad', own.pads ?? [], 0],
  ] as const) {
    const bad = numbers.find((n) => !(n >= least && n <= most));
    if (bad !== undefined)
      throw new BagsslError('bad-model', `a ${what} of ${bad}; from ${least} to ${most} is supported.`);
  }
  if (w && type.startsWith('Conv') && `${kernel}` !== `${w.shape.slice(2)}`) {
    throw mismatch(type, `does not fit kernel_shape [${kernel}]`, w);
  }
  if (type === 'ConvTranspose' && (auto_pad !== 'NOTSET' || own.output_shape)) {
    throw new BagsslError('unsupported-operator', 'ConvTranspose with auto_pad or output_shape; export explicit pads.');
  }
  const reach = kernel.map((k, i) => dilations[i] * (k - 1));
  let pads = own.pads ?? [...kernel, ...kernel].map(() => 0);
  if (auto_pad === 'SAME_UPPER' || auto_pad === 'SAME_LOWER') {
    const total = space.map((extent, i) =>
      Math.max(0, (Math.ceil(extent / strides[i]) - 1) * strides[i] + reach[i] + 1 - extent),
    );
    const less = total.map((n) => Math.floor(n / 2));
    const more = total.map((n) => Math.ceil(n / 2));
    pads = auto_pad === 'SAME_UPPER' ? [...less, ...more] : [...more, ...less];
  }
  if (ceil_mode === 1) pads = roundedUp(type, x, own, { space, strides, reach, pads });
  return graph.apply(type, operands, { ...own, pads });
}

/** Pads that include the last, partial window; ONNX skips a window that would start beyond the input. */
function roundedUp(
  type: string,
  x: Value,
  own: Attributes,
  { space, strides, reach, pads }: Record<'space' | 'strides' | 'reach' | 'pads', readonly number[]>,
): readonly number[] {
  const rank = space.length;
  const extra = space.map((extent, i) => {
    const padded = extent + pads[i] + pads[i + rank];
    const last = Math.ceil((padded - reach[i] - 1) / strides[i]);
    const started = last * strides[i] < extent + pads[i] ? last : last - 1;
    return Math.max(0, started * strides[i] + reach[i] + 1 - padded);
  });
  if (extra.some((n) => n > 0) && type === 'AveragePool' && own.count_include_pad === 1) {
    throw mismatch(type, 'cannot be averaged with both ceil_mode and count_include_pad', x);
  }
  return [...pads.slice(0, rank), ...pads.slice(rank).map((n, i) => n + extra[i])];
}
