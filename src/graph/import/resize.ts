import { BagsslError } from '../../base/errors.ts';
import { matmul } from '../functions.ts';
import type { Value } from '../graph.ts';
import { axisOf, constantIntegers, mismatch } from '../shapes.ts';
import { MOST_FOLDED } from './fold.ts';
import { floatOf, listOf, type Operation } from './operation.ts';
import { resampling, type Way } from './resampling.ts';

/**
 * Upsample and Resize of an image's two spatial axes. Both are linear in the pixels, axis by axis: y = A·x·Bᵀ with the
 * weights of rows and columns, so that the gradient is that of a matrix product.
 */
export function resized(operation: Operation): readonly Value[] {
  const { type, opset, inputs, attributes } = operation;
  const x = inputs[0]!;
  if (x.shape.length !== 4) throw mismatch(type, 'must be [N,C,H,W]', x);
  // Upsample (an attribute until opset 8) and Resize of opset 10 take the scales second; since opset 11 a region comes before them.
  const [scales, sizes] = opset < 11 ? [inputs[1], undefined] : [inputs[2], inputs[3]];
  const axes = listOf(attributes.axes)?.map((axis) => axisOf(type, axis, 4)) ?? [0, 1, 2, 3];
  const numbers = (v: Value | undefined) => (v && v.shape[0] > 0 ? constantIntegers(type, v) : undefined);
  const listed = (attributes.scales as { floats: readonly number[] } | undefined)?.floats;
  const asked = numbers(sizes);
  const given = asked?.map((size, i) => Math.fround(size / x.shape[axes[i]])) ?? numbers(scales) ?? listed;
  if (given && given.length !== axes.length) throw mismatch(type, `cannot be scaled by [${given}]`, x);
  const policy = (attributes.keep_aspect_ratio_policy as string | undefined) ?? 'stretch';
  const kept = asked && given && policy !== 'stretch' ? [keptRatio(policy, given)] : undefined;
  const factors = x.shape.map((_, i) => kept?.[0] ?? given?.[axes.indexOf(i)] ?? (given ? 1 : 0));
  for (const i of [0, 1]) if (!axes.includes(i)) factors[i] = 1;
  if (factors[0] !== 1 || factors[1] !== 1 || !(factors[2] > 0 && factors[3] > 0)) {
    throw mismatch(type, `can only be scaled along its two last axes, not by [${given ?? 'nothing'}]`, x);
  }
  const regions = numbers(opset < 11 ? undefined : inputs[1]);
  const [rows, columns] = [2, 3].map((axis) => {
    const k = axes.indexOf(axis);
    const extent = x.shape[axis];
    const exact = kept ? Math.floor(factors[axis] * extent + 0.5) : asked?.[k];
    // In float32, as ONNX Runtime has it: 3 times 5/3 is 5 there, and less in float64.
    const length = exact ?? Math.floor(Math.fround(extent * factors[axis]));
    if (!(length >= 1 && length * extent <= MOST_FOLDED)) throw mismatch(type, `cannot be resized to ${length}`, x);
    const region = regions && k >= 0 ? ([regions[k], regions[k + axes.length]] as const) : undefined;
    const data = resampling(wayOf(operation), { extent, length, factor: factors[axis], region });
    return { data, extent, length };
  });
  const constant = ({ data, length, extent }: typeof rows, transposed: boolean) => {
    if (!transposed) return x.graph.floats(data, [length, extent], x.dtype);
    const turned = data.map((_, k) => data[(k % length) * extent + Math.floor(k / length)]);
    return x.graph.floats(turned, [extent, length], x.dtype);
  };
  return [matmul(matmul(constant(rows, false), x), constant(columns, true))];
}

/** How a node resamples. @throws BagsslError `unsupported-operator` for a way that is not known */
function wayOf({ type, opset, attributes }: Operation): Way {
  const older = opset < 11 ? 'asymmetric' : 'half_pixel';
  const {
    mode = 'nearest',
    nearest_mode = 'round_prefer_floor',
    coordinate_transformation_mode = older,
    exclude_outside = 0,
    antialias = 0,
    extrapolation_value,
  } = attributes;
  if (floatOf(extrapolation_value, 0) !== 0) {
    throw new BagsslError('unsupported-operator', `${type} with an extrapolation_value is not supported.`);
  }
  return {
    type,
    // Upsample's first name for it.
    mode: mode === 'bilinear' ? 'linear' : (mode as string),
    rounding: (opset < 11 ? 'floor' : nearest_mode) as string,
    coordinates: coordinate_transformation_mode as string,
    cubic: floatOf(attributes.cubic_coeff_a, -0.75),
    inside: exclude_outside === 1,
    antialias: antialias === 1,
  };
}

/** One factor for every axis, so that an image keeps its form. */
function keptRatio(policy: string, factors: readonly number[]): number {
  if (policy === 'not_larger') return Math.min(...factors);
  if (policy === 'not_smaller') return Math.max(...factors);
  throw new BagsslError('unsupported-operator', `Resize with keep_aspect_ratio_policy "${policy}" is not supported.`);
}
