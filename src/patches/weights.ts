import type { Interpolation } from './crop.ts';

/** How one axis is resampled: out[i] = Σ_t weights[i · taps + t] · in[starts[i] + t]. */
export interface Taps {
  readonly taps: number;
  readonly starts: Int32Array<ArrayBuffer>;
  readonly weights: Float32Array<ArrayBuffer>;
}

interface Filter {
  /** Half its width, input pixels at scale 1. */
  readonly support: number;
  weight(distance: number): number;
}

/** Keys's cubic convolution of a = -1/2, which Pillow and PyTorch use where they antialias. */
const A = -0.5;

const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { support: 1, weight: (d) => Math.max(0, 1 - d) },
  bicubic: {
    support: 2,
    weight: (d) => (d < 1 ? ((A + 2) * d - (A + 3)) * d * d + 1 : d < 2 ? (((d - 5) * d + 8) * d - 4) * A : 0),
  },
};

/**
 * Antialiased weights from `length` to `size` positions: a filter whose support grows with the shrinking factor, normalised
 * over the pixels there are (Pillow's precompute_coeffs, PyTorch's `_upsample_bilinear2d_aa` and `_upsample_bicubic2d_aa`).
 * Positions are padded to a multiple of four by repeating the last, as the kernels work on four at a time.
 */
export function resampleTaps(length: number, size: number, interpolation: Interpolation = 'bilinear'): Taps {
  const filter = FILTERS[interpolation];
  const scale = length / size;
  const stretch = Math.max(scale, 1);
  const support = filter.support * stretch;
  const windows = Array.from({ length: (size + 3) & ~3 }, (_, i) => {
    const centre = scale * (Math.min(i, size - 1) + 0.5);
    const from = Math.max(0, Math.floor(centre - support + 0.5));
    const to = Math.min(length, Math.floor(centre + support + 0.5));
    return { centre, from, to };
  });
  const taps = Math.max(...windows.map(({ from, to }) => to - from));
  const starts = new Int32Array(windows.length);
  const weights = new Float32Array(windows.length * taps);
  windows.forEach(({ centre, from, to }, i) => {
    // All taps must be inside the row, even those of weight zero.
    const start = Math.min(from, length - taps);
    const weight = (pixel: number) => filter.weight(Math.abs((pixel + 0.5 - centre) / stretch));
    let total = 0;
    for (let pixel = from; pixel < to; pixel++) total += weight(pixel);
    for (let pixel = from; pixel < to; pixel++) weights[i * taps + pixel - start] = weight(pixel) / total;
    starts[i] = start;
  });
  return { taps, starts, weights };
}

/** The same filter with its outputs mirrored: position i gives what `size - 1 - i` gave. */
export function mirroredTaps({ taps, starts, weights }: Taps, size: number): Taps {
  const position = (i: number) => Math.max(0, size - 1 - i);
  return {
    taps,
    starts: starts.map((_, i) => starts[position(i)]),
    weights: weights.map((_, w) => weights[position(Math.floor(w / taps)) * taps + (w % taps)]),
  };
}

/** The same filter with its result multiplied by `factor`. */
export function scaledTaps({ taps, starts, weights }: Taps, factor: number): Taps {
  return { taps, starts, weights: weights.map((w) => w * factor) };
}

/** A filter as the kernels take it: starts, then weights. */
export interface Table {
  readonly taps: number;
  readonly bytes: Uint8Array;
}

/** What a filter is for: rows, rows read from the right, or columns, which also divide by 255. */
type Use = 'across' | 'mirrored' | 'down';
const USES: readonly Use[] = ['across', 'mirrored', 'down'];

/** Bytes of tables that are kept. */
const BUDGET = 4 * 1024 * 1024;

/** Tables made before: random crops of a data set have few hundred different sides, and a fixed scale has one. */
export class TapsCache {
  #tables = new Map<number, Table>();
  #size = 0;
  #bytes = 0;

  table(length: number, size: number, interpolation: Interpolation, use: Use): Table {
    if (size !== this.#size || this.#bytes > BUDGET) {
      this.#tables.clear();
      this.#bytes = 0;
      this.#size = size;
    }
    const key = length * 8 + USES.indexOf(use) * 2 + (interpolation === 'bicubic' ? 1 : 0);
    let table = this.#tables.get(key);
    if (!table) {
      const taps = resampleTaps(length, size, interpolation);
      table = packed(
        use === 'across' ? taps : use === 'mirrored' ? mirroredTaps(taps, size) : scaledTaps(taps, 1 / 255),
      );
      this.#tables.set(key, table);
      this.#bytes += table.bytes.length;
    }
    return table;
  }
}

function packed({ taps, starts, weights }: Taps): Table {
  const bytes = new Uint8Array(starts.byteLength + weights.byteLength);
  bytes.set(new Uint8Array(starts.buffer));
  bytes.set(new Uint8Array(weights.buffer), starts.byteLength);
  return { taps, bytes };
}
