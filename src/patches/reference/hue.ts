import { clamp01 } from './colour.ts';

const { fround } = Math;

function modulo6(v: number): number {
  return v >= 6 ? fround(v - 6) : v;
}

/** Twin of assembly/hue.ts: hue in sixths of a turn, value and chroma kept. */
export function hue(tile: Float32Array, turn: number): void {
  const n = tile.length / 3;
  const shift = fround(turn < 0 ? 6 + 6 * turn : 6 * turn);
  for (let i = 0; i < n; i++) {
    const [r, g, b] = [tile[i], tile[n + i], tile[2 * n + i]];
    const most = Math.max(r, g, b);
    const chroma = fround(most - Math.min(r, g, b));
    const [sector, rise] = most === r ? [0, fround(g - b)] : most === g ? [2, fround(b - r)] : [4, fround(r - g)];
    const angle = fround(sector + fround(rise / (chroma === 0 ? 1 : chroma)));
    const turned = modulo6(fround((angle < 0 ? fround(angle + 6) : angle) + shift));
    const channel = (offset: number) => {
      const k = modulo6(fround(turned + offset));
      return fround(most - fround(chroma * clamp01(Math.min(k, fround(4 - k)))));
    };
    tile[i] = channel(5);
    tile[n + i] = channel(3);
    tile[2 * n + i] = channel(1);
  }
}
