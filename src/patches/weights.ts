/** How one axis is resampled: out[i] = Σ_t weights[i · taps + t] · in[starts[i] + t]. */
export interface Taps {
  readonly taps: number;
  readonly starts: Int32Array<ArrayBuffer>;
  readonly weights: Float32Array<ArrayBuffer>;
}

/**
 * Antialiased bilinear weights from `length` to `size` positions: a triangle whose support grows with the shrinking
 * factor, normalised over the pixels there are (Pillow's precompute_coeffs, PyTorch's `_upsample_bilinear2d_aa`).
 * Positions are padded to a multiple of four by repeating the last, as the kernels work on four at a time.
 */
export function bilinearTaps(length: number, size: number): Taps {
  const scale = length / size;
  const support = Math.max(scale, 1);
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
    // The taps of every position must lie inside the row, also the ones of weight zero.
    const start = Math.min(from, length - taps);
    const triangle = (pixel: number) => Math.max(0, 1 - Math.abs((pixel + 0.5 - centre) / support));
    let total = 0;
    for (let pixel = from; pixel < to; pixel++) total += triangle(pixel);
    for (let pixel = from; pixel < to; pixel++) weights[i * taps + pixel - start] = triangle(pixel) / total;
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
