import { concat, type Geometry, gather, gemm, matmul, pad, reshape, slice, transpose } from '../functions.ts';
import type { Value } from '../graph.ts';
import type { ProductForm } from './forms.ts';

/** Where a window looks from its place: rows and columns from stride·place, negative ones before the image's edge. */
type Taps = readonly (readonly [row: number, column: number])[];

/** Indices a graph may carry for one layout of columns (8 bytes each). */
const MOST_INDICES = 2 ** 20;

export const fits = (positions: number, taps: number): boolean => positions * taps <= MOST_INDICES;

/** Conv as one product: [N·H'·W', kH·kW·C] · [kH·kW·C, M]. */
export function convolutionByColumns(
  x: Value,
  w: Value,
  g: Geometry,
  extent: readonly number[],
  form: ProductForm,
): Value {
  const [m, c, kh, kw] = w.shape;
  const taps: [number, number][] = [];
  for (let a = 0; a < kh; a++) {
    for (let b = 0; b < kw; b++) taps.push([a * g.dilations[0] - g.pads[0], b * g.dilations[1] - g.pads[1]]);
  }
  const rows = columnsOf(x, taps, g.strides, extent);
  const order = form === 'gemm' ? [0, 2, 3, 1] : [2, 3, 1, 0];
  const y = product(rows, reshape(transpose(w, order), form === 'gemm' ? [m, kh * kw * c] : [kh * kw * c, m]), form);
  return transpose(reshape(y, [x.shape[0], ...extent, m]), [0, 3, 1, 2]);
}

/**
 * ConvTranspose by its phases (sub-pixel form): output rows i = s·t + r of one remainder r see the kernel's taps a with
 * s·k + d·a − p = i, that is k = t + (r + p − d·a)/s, so each of the s² phases is a product of its own, without the zeros
 * that a transposed convolution spreads its input with. Undefined where a phase sees no tap at all.
 */
export function transposedByColumns(
  x: Value,
  w: Value,
  g: Geometry,
  extent: readonly number[],
  form: ProductForm,
): Value | undefined {
  const [m, c, kh, kw] = w.shape;
  const [sy, sx] = g.strides;
  const places = [Math.ceil(extent[0] / sy), Math.ceil(extent[1] / sx)];
  const flat = transpose(reshape(w, [m, c, kh * kw]), form === 'gemm' ? [1, 2, 0] : [2, 0, 1]);
  const phases: Value[] = [];
  for (let ry = 0; ry < sy; ry++) {
    for (let rx = 0; rx < sx; rx++) {
      const rows = seen(ry, 0, kh, g);
      const columns = seen(rx, 1, kw, g);
      if (rows.length * columns.length === 0) return undefined;
      const taps = rows.flatMap(({ at }) => columns.map((column) => [at, column.at] as const));
      const kernels = rows.flatMap(({ tap }) => columns.map((column) => tap * kw + column.tap));
      const weights =
        form === 'gemm'
          ? reshape(gather(flat, kernels, 1), [c, kernels.length * m])
          : reshape(gather(flat, kernels, 0), [kernels.length * m, c]);
      phases.push(product(columnsOf(x, taps, [1, 1], places), weights, form));
    }
  }
  const [n] = x.shape;
  const parted = transpose(reshape(concat(phases, 1), [n, ...places, sy, sx, c]), [0, 5, 1, 3, 2, 4]);
  return slice(reshape(parted, [n, c, places[0] * sy, places[1] * sx]), [2, 3], [0, 0], extent);
}

/** The taps that output places of remainder r see along an axis, and where from t they look. */
function seen(r: number, axis: number, kernel: number, { strides, dilations, pads }: Geometry) {
  const stride = strides[axis];
  return Array.from({ length: kernel }, (_, tap) => ({
    tap,
    at: (r + pads[axis] - dilations[axis] * tap) / stride,
  })).filter(({ at }) => Number.isInteger(at));
}

/** Each place's window as a row: x [N,C,H,W] → [N·H'·W', taps·C], zeros beyond the edges. */
function columnsOf(x: Value, taps: Taps, strides: readonly number[], places: readonly number[]): Value {
  const [n, c, h, w] = x.shape;
  const reach = (axis: 0 | 1, extent: number) => {
    const offsets = taps.map((tap) => tap[axis]);
    const last = (places[axis] - 1) * strides[axis] + Math.max(...offsets);
    return { before: Math.max(0, -Math.min(...offsets)), after: Math.max(0, last - extent + 1) };
  };
  const [rows, columns] = [reach(0, h), reach(1, w)];
  const last = pad(transpose(x, [0, 2, 3, 1]), [0, rows.before, columns.before, 0], [0, rows.after, columns.after, 0]);
  const [height, width] = last.shape.slice(1, 3);
  const pixels = reshape(last, [n, height * width, c]);
  const indices: number[] = [];
  for (let i = 0; i < places[0]; i++) {
    for (let j = 0; j < places[1]; j++) {
      for (const [row, column] of taps) {
        indices.push((i * strides[0] + row + rows.before) * width + j * strides[1] + column + columns.before);
      }
    }
  }
  const asTheyAre = indices.length === height * width && indices.every((index, k) => index === k);
  const windows = asTheyAre ? pixels : gather(pixels, indices, 1);
  return reshape(windows, [n * places[0] * places[1], taps.length * c]);
}

/** a·b of matrices, b given transposed to a Gemm. */
const product = (a: Value, b: Value, form: ProductForm): Value =>
  form === 'gemm' ? gemm(a, b, undefined, { transB: true }) : matmul(a, b);
