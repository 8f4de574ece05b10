import type { Triple } from '../recipe.ts';

const { fround } = Math;

/** Twin of assembly/normalise.ts: (v - mean) / std, a channel at a time. */
export function normalise(tile: Float32Array, mean: Triple, std: Triple): void {
  const n = tile.length / 3;
  for (let i = 0; i < tile.length; i++) {
    const channel = Math.floor(i / n);
    tile[i] = fround(fround(tile[i] - fround(mean[channel])) / fround(std[channel]));
  }
}
