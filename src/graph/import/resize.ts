import { BagsslError } from '../../base/errors.ts';
import { matmul } from '../functions.ts';
import type { Value } from '../graph.ts';
import { constantIntegers, mismatch } from '../shapes.ts';
import { MOST_FOLDED } from './fold.ts';
import type { Operation } from './operation.ts';

/**
 * Upsample and Resize of an image's two spatial axes. Both are linear in the pixels, axis by axis: y = A·x·Bᵀ with the
 * weights of rows and columns, so that the gradient is that of a matrix product.
 */
export function resized({ type, opset, inputs, attributes }: Operation): readonly Value[] {
  const x = inputs[0]!;
  if (x.shape.length !== 4) throw mismatch(type, 'must be [N,C,H,W]', x);
  // Upsample (until opset 9) and Resize of opset 10 take the scales second; since opset 11 a region comes before them.
  const [scales, sizes] = opset < 11 ? [inputs[1], undefined] : [inputs[2], inputs[3]];
  const numbers = (v: Value | undefined) => (v && v.shape[0] > 0 ? constantIntegers(type, v) : undefined);
  const asked = numbers(sizes);
  const factors = asked ? asked.map((size, i) => size / x.shape[i]) : numbers(scales);
  if (factors?.length !== 4 || factors[0] !== 1 || factors[1] !== 1 || !(factors[2] > 0 && factors[3] > 0)) {
    throw mismatch(type, `can only be scaled along its two last axes, not by [${factors ?? 'nothing'}]`, x);
  }
  const { mode = 'nearest', nearest_mode = 'round_prefer_floor', exclude_outside = 0 } = attributes;
  const older = opset < 11 ? 'asymmetric' : 'half_pixel';
  const way = {
    mode: mode as string,
    rounding: (opset < 11 ? 'floor' : nearest_mode) as string,
    coordinates: (attributes.coordinate_transformation_mode as string | undefined) ?? older,
  };
  if (!['nearest', 'linear'].includes(way.mode) || exclude_outside !== 0) {
    throw new BagsslError('unsupported-operator', `${type} in mode "${mode}"; "nearest" and "linear" are supported.`);
  }
  const [rows, columns] = [2, 3].map((axis) => {
    const length = asked?.[axis] ?? Math.floor(x.shape[axis] * factors[axis]);
    return weights(type, x, x.shape[axis], length, factors[axis], way);
  });
  const constant = (w: Matrix, transposed: boolean) => {
    const { data, length, extent } = w;
    if (!transposed) return x.graph.floats(data, [length, extent], x.dtype);
    const turned = data.map((_, k) => data[(k % length) * extent + Math.floor(k / length)]);
    return x.graph.floats(turned, [extent, length], x.dtype);
  };
  return [matmul(matmul(constant(rows, false), x), constant(columns, true))];
}

interface Matrix {
  readonly data: Float32Array;
  readonly length: number;
  readonly extent: number;
}

/** The share of each of `extent` elements in each of `length` resized ones, row by row. */
function weights(
  type: string,
  x: Value,
  extent: number,
  length: number,
  factor: number,
  { mode, rounding, coordinates }: Record<'mode' | 'rounding' | 'coordinates', string>,
): Matrix {
  if (!(length >= 1 && length * extent <= MOST_FOLDED)) throw mismatch(type, `cannot be resized to ${length}`, x);
  const place = PLACES[coordinates];
  const round = ROUNDINGS[rounding];
  if (!place || !round) {
    throw new BagsslError('unsupported-operator', `${type} by "${coordinates}", "${rounding}" is not supported.`);
  }
  const inside = (i: number) => Math.min(extent - 1, Math.max(0, i));
  const data = new Float32Array(length * extent);
  for (let i = 0; i < length; i++) {
    const at = place(i, factor, length, extent);
    if (mode === 'nearest') {
      data[i * extent + inside(round(at))] = 1;
      continue;
    }
    const below = Math.floor(at);
    data[i * extent + inside(below)] += 1 - (at - below);
    data[i * extent + inside(below + 1)] += at - below;
  }
  return { data, length, extent };
}

/** The position of the i-th of `length` output elements among the `extent` inputs, by ONNX's name for the rule. */
const PLACES: Readonly<Record<string, (i: number, factor: number, length: number, extent: number) => number>> = {
  half_pixel: (i, factor) => (i + 0.5) / factor - 0.5,
  pytorch_half_pixel: (i, factor, length) => (length > 1 ? (i + 0.5) / factor - 0.5 : 0),
  asymmetric: (i, factor) => i / factor,
  align_corners: (i, _factor, length, extent) => (length > 1 ? (i * (extent - 1)) / (length - 1) : 0),
};

const ROUNDINGS: Readonly<Record<string, (at: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
};
