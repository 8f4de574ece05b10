import { BagsslError } from '../base/errors.ts';
import { needed, type Rule, type Rules, whole } from '../base/options.ts';
import { type Attributes, elements, type Value } from './graph.ts';
import { axisOf, constantIntegers, mismatch } from './shapes.ts';

// The attributes and settings of nodes, with ONNX's defaults filled in: what an operator's shape rule and its gradient rule both read.

/** Convolution geometry: [vertical, horizontal], pads in ONNX's order top, left, bottom, right. */
export interface Geometry {
  /** Steps of the window, one per axis, at least 1. */
  readonly strides: readonly number[];
  /** Zeros around the input: all starts, then all ends. */
  readonly pads: readonly number[];
  /** Steps between the kernel's elements, one per axis, at least 1. */
  readonly dilations: readonly number[];
  /** Number of groups the channels are divided into, each with its own kernels; default 1. */
  readonly group?: number;
}

/** The rule of a list with one number per axis, or per side. */
export const numbers = (length: number, least: number): Rule =>
  needed({
    asked: `a list of ${length} whole numbers of at least ${least}`,
    fits: (value) => Array.isArray(value) && value.length === length && value.every(whole(least).fits),
  });

export const GEOMETRY: Rules<Geometry> = {
  strides: numbers(2, 1),
  pads: numbers(4, 0),
  dilations: numbers(2, 1),
  group: whole(1),
};

const listOr = (attributes: Attributes, name: string, otherwise: readonly number[]) =>
  (attributes[name] as readonly number[] | undefined) ?? otherwise;

/** The geometry of a convolution. */
export function geometryOf(type: string, attributes: Attributes): Geometry {
  if ((attributes.auto_pad ?? 'NOTSET') !== 'NOTSET') {
    throw new BagsslError(
      'unsupported-operator',
      `${type} with auto_pad "${attributes.auto_pad}": give explicit pads.`,
    );
  }
  return {
    strides: listOr(attributes, 'strides', [1, 1]),
    pads: listOr(attributes, 'pads', [0, 0, 0, 0]),
    dilations: listOr(attributes, 'dilations', [1, 1]),
    group: (attributes.group as number | undefined) ?? 1,
  };
}

/** How far the kernel's taps reach: dilation·(kernel − 1). */
export const reach = (w: Value, { dilations }: Geometry) => [0, 1].map((i) => dilations[i] * (w.shape[i + 2] - 1));

/** A pooling window. */
export interface Pool {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** top, left, bottom, right. */
  readonly pads: readonly number[];
}

/** The window of a pooling node and the extents of its output, checked. */
export function poolOf(type: string, x: Value, attributes: Attributes): Pool & { extent: readonly number[] } {
  if ((attributes.auto_pad ?? 'NOTSET') !== 'NOTSET' || (attributes.ceil_mode ?? 0) !== 0) {
    throw new BagsslError(
      'unsupported-operator',
      `${type} with auto_pad or ceil_mode (input "${x.name}"): give explicit pads and let it round down.`,
    );
  }
  if (x.shape.length !== 4) throw mismatch(type, 'must be [N,C,H,W]', x);
  const kernel = listOr(attributes, 'kernel_shape', []);
  if (kernel.length !== 2) throw mismatch(type, `needs a window of two extents, not [${kernel}]`, x);
  const strides = listOr(attributes, 'strides', [1, 1]);
  const pads = listOr(attributes, 'pads', [0, 0, 0, 0]);
  const dilations = listOr(attributes, 'dilations', [1, 1]);
  const extent = [0, 1].map((i) => {
    const span = dilations[i] * (kernel[i] - 1);
    if (pads[i] >= span + 1 || pads[i + 2] >= span + 1) throw mismatch(type, `has windows in the padding alone`, x);
    return Math.floor((x.shape[i + 2] + pads[i] + pads[i + 2] - span - 1) / strides[i]) + 1;
  });
  if (extent.some((e) => e < 1)) throw mismatch(type, `is smaller than the window [${kernel}]`, x);
  return { kernel, strides, pads, dilations, extent };
}

/** First element, step and number of elements along each axis of `x`, from Slice's other inputs, after ONNX's clamping. */
export function sliceRanges(x: Value, [starts, ends, axes, steps]: readonly Value[]) {
  const from = constantIntegers('Slice', starts);
  const to = constantIntegers('Slice', ends);
  const along = axes ? constantIntegers('Slice', axes) : from.map((_, i) => i);
  const by = steps ? constantIntegers('Slice', steps) : from.map(() => 1);
  const ranges = x.shape.map((extent) => ({ start: 0, step: 1, count: extent }));
  along.forEach((axis, k) => {
    const i = axisOf('Slice', axis, x.shape.length);
    const extent = x.shape[i];
    const step = by[k];
    if (step === 0) throw new BagsslError('bad-model', `Slice: a step of 0 on axis ${i} of "${x.name}".`);
    const low = step < 0 ? -1 : 0;
    const high = step < 0 ? extent - 1 : extent;
    const clamp = (v: number) => Math.min(high, Math.max(low, v < 0 ? v + extent : v));
    const start = Math.max(0, clamp(from[k]));
    // An end below −extent means "through element 0" when walking backwards.
    const end = step < 0 && to[k] < -extent ? -1 : clamp(to[k]);
    ranges[i] = { start, step, count: Math.max(0, Math.ceil((end - start) / step)) };
  });
  return ranges;
}

/** Gather's axis and its places, counted from the front. */
export function placesOf([x, indices]: readonly Value[], { axis = 0 }: Attributes) {
  const along = axisOf('Gather', axis as number, x.shape.length);
  const extent = x.shape[along];
  const places = constantIntegers('Gather', indices).map((index) => {
    if (index < -extent || index >= extent) throw mismatch('Gather', `has no element ${index} along axis ${along}`, x);
    return index < 0 ? index + extent : index;
  });
  return { along, extent, places };
}

/** The axes of a reduction, in order: all of them where none are named. In opset 17 only ReduceSum takes them as an input. */
export function reducedAxes(type: string, [x, axes]: readonly Value[], attributes: Attributes): number[] {
  const named = axes ? constantIntegers(type, axes) : listOr(attributes, 'axes', []);
  const found = named.length ? named.map((axis) => axisOf(type, axis, x.shape.length)) : x.shape.map((_, i) => i);
  return found.sort((p, q) => p - q);
}

/** The rows that LayerNormalization normalises, each over the axes from `axis` on. */
export function rowsOf({ shape }: Value, { axis = -1 }: Attributes) {
  const first = axisOf('LayerNormalization', axis as number, shape.length);
  return { first, rows: elements(shape.slice(0, first)), width: elements(shape.slice(first)) };
}

/** How a Gemm takes its operands. */
export const gemmOptionsOf = ({ transA, transB, alpha, beta }: Attributes) => ({
  transA: transA === 1,
  transB: transB === 1,
  alpha: (alpha as { float: number } | undefined)?.float ?? 1,
  beta: (beta as { float: number } | undefined)?.float ?? 1,
});
