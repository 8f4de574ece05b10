/** Bins of hue, saturation and value. */
const BINS = [8, 4, 4] as const;

/**
 * The roots of the shares of pixels in 8×4×4 bins of hue, saturation and value (HSV). Roots, because their cosine is Hellinger's: the
 * largest areas decide less.
 * @param tile [3, pixels], 0 to 1
 */
export function colourHistogram(tile: ArrayLike<number>): Float32Array {
  const pixels = tile.length / 3;
  const counts = new Float64Array(BINS[0] * BINS[1] * BINS[2]);
  for (let i = 0; i < pixels; i++) {
    const [h, s, v] = hsv(tile[i], tile[pixels + i], tile[2 * pixels + i]).map((value, k) =>
      Math.min(BINS[k] - 1, Math.floor(value * BINS[k])),
    );
    counts[(h * BINS[1] + s) * BINS[2] + v]++;
  }
  return Float32Array.from(counts, (count) => Math.sqrt(count / pixels));
}

/** Hue, saturation and value, 0 to 1 each. */
function hsv(r: number, g: number, b: number): [number, number, number] {
  const most = Math.max(r, g, b);
  const chroma = most - Math.min(r, g, b);
  if (chroma === 0) return [0, 0, most];
  const sixths = most === r ? (g - b) / chroma : most === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  return [((sixths + 6) % 6) / 6, chroma / most, most];
}
