import type { Stream } from '../../base/random.ts';

// Only sums, products, quotients and square roots, which every engine rounds in the same way. Sine and other functions may differ in
// the last bit, and the scenes must be the same everywhere.

/** A random unit vector: points of the square are drawn until one is in the disc, which is then scaled to length 1. */
export function direction(stream: Stream): [number, number] {
  for (;;) {
    const x = 2 * stream.uniform() - 1;
    const y = 2 * stream.uniform() - 1;
    const square = x * x + y * y;
    if (square > 0.01 && square <= 1) {
      const length = Math.sqrt(square);
      return [x / length, y / length];
    }
  }
}

/** The angle of (x, y) in turns, -0.5 to 0.5, to about 1/3000 of a turn. */
export function turn(x: number, y: number): number {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  if (ax + ay === 0) return 0;
  // atan(t) ≈ t (π/4 + 0.273 (1 − t)) on [0, 1], divided by 2π.
  const t = ax > ay ? ay / ax : ax / ay;
  let angle = t * (0.125 + 0.04345 * (1 - t));
  if (ay > ax) angle = 0.25 - angle;
  if (x < 0) angle = 0.5 - angle;
  return y < 0 ? -angle : angle;
}

/** A pseudo-random number in [0, 1) for a point of the integer lattice. */
export function corner(i: number, j: number, seed: number): number {
  let h = seed ^ Math.imul(i, 0x9e3779b1) ^ Math.imul(j, 0x85ebca77);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 8) / 16777216;
}

/** Value noise in [0, 1): smooth between random numbers at whole x and y. */
export function noise(x: number, y: number, seed: number): number {
  const i = Math.floor(x);
  const j = Math.floor(y);
  const u = x - i;
  const v = y - j;
  const su = u * u * (3 - 2 * u);
  const sv = v * v * (3 - 2 * v);
  const a = corner(i, j, seed);
  const b = corner(i + 1, j, seed);
  const c = corner(i, j + 1, seed);
  const d = corner(i + 1, j + 1, seed);
  const top = a + (b - a) * su;
  return top + (c + (d - c) * su - top) * sv;
}

/** Three octaves of noise, each half as strong and twice as fine, in [0, 1). */
export function fractalNoise(x: number, y: number, seed: number): number {
  return (4 * noise(x, y, seed) + 2 * noise(2 * x, 2 * y, seed + 1) + noise(4 * x, 4 * y, seed + 2)) / 7;
}
