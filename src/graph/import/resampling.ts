import { BagsslError } from '../../base/errors.ts';

/** How an axis is resampled, by ONNX's names. */
export interface Way {
  readonly type: string;
  readonly mode: string;
  readonly rounding: string;
  readonly coordinates: string;
  /** The coefficient a of cubic interpolation (Keys, 1981). */
  readonly cubic: number;
  /** Elements outside the image get no weight; the rest is scaled to a sum of 1. */
  readonly inside: boolean;
  /** Widen the filter where the image becomes smaller. */
  readonly antialias: boolean;
}

interface Axis {
  readonly extent: number;
  readonly length: number;
  readonly factor: number;
  /** Of tf_crop_and_resize: start and end as shares of the axis. */
  readonly region?: readonly [number, number];
}

/** The share of each of `extent` elements in each of `length` resized ones, row by row. */
export function resampling(way: Way, axis: Axis): Float32Array {
  const { type, mode, rounding, coordinates } = way;
  const place = PLACES[coordinates];
  const round = ROUNDINGS[rounding];
  const filter = mode === 'nearest' ? undefined : FILTERS[mode];
  if (!place || !round || (mode !== 'nearest' && !filter)) {
    const asked = `${type} in mode "${mode}" by "${coordinates}", "${rounding}"`;
    throw new BagsslError('unsupported-operator', `${asked} is not supported.`);
  }
  const { extent, length, factor } = axis;
  const clamped = (i: number) => Math.min(extent - 1, Math.max(0, i));
  const data = new Float32Array(length * extent);
  for (let i = 0; i < length; i++) {
    // In float32, as ONNX Runtime has it, for those that are a whole number there and not in float64.
    const at = Math.fround(place(i, axis));
    const row = data.subarray(i * extent, (i + 1) * extent);
    if (coordinates === 'tf_crop_and_resize' && (at < 0 || at > extent - 1)) continue;
    if (!filter) {
      row[clamped(round(at))] = 1;
      continue;
    }
    const wide = way.antialias && factor < 1 ? 1 / factor : 1;
    const support = filter.support * wide;
    const [first, last] = [Math.floor(at - support) + 1, Math.ceil(at + support) - 1];
    let total = 0;
    const taps: [at: number, weight: number][] = [];
    for (let k = Math.min(first, Math.floor(at)); k <= Math.max(last, Math.floor(at) + 1); k++) {
      const beyond = k < 0 || k >= extent;
      if (beyond && way.inside) continue;
      const weight = filter.of(Math.abs(k - at) / wide, way.cubic);
      total += weight;
      taps.push([clamped(k), weight]);
    }
    const scale = way.inside || way.antialias ? 1 / total : 1;
    for (const [k, weight] of taps) row[k] += weight * scale;
  }
  return data;
}

/** Interpolation by distance: linear, and cubic by Keys. */
const FILTERS: Readonly<Record<string, { support: number; of: (distance: number, a: number) => number }>> = {
  linear: { support: 1, of: (d) => Math.max(0, 1 - d) },
  cubic: {
    support: 2,
    of: (d, a) => {
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
    },
  },
};

/** The position of the i-th output element among the inputs, by ONNX's name for the rule. */
const PLACES: Readonly<Record<string, (i: number, axis: Axis) => number>> = {
  half_pixel: (i, { factor }) => (i + 0.5) / factor - 0.5,
  half_pixel_symmetric: (i, { factor, length, extent }) => {
    const shift = (extent / 2) * (1 - length / (factor * extent));
    return shift + (i + 0.5) / factor - 0.5;
  },
  pytorch_half_pixel: (i, { factor, length }) => (length > 1 ? (i + 0.5) / factor - 0.5 : 0),
  tf_half_pixel_for_nn: (i, { factor }) => (i + 0.5) / factor,
  asymmetric: (i, { factor }) => i / factor,
  align_corners: (i, { length, extent }) => (length > 1 ? (i * (extent - 1)) / (length - 1) : 0),
  tf_crop_and_resize: (i, { length, extent, region = [0, 1] }) => {
    const [start, end] = region;
    if (length === 1) return 0.5 * (start + end) * (extent - 1);
    return start * (extent - 1) + (i * (end - start) * (extent - 1)) / (length - 1);
  },
};

const ROUNDINGS: Readonly<Record<string, (at: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
};
