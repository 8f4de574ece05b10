import type { Stream } from '../../patches/philox.ts';
import { direction } from './numbers.ts';

/** A filled outline around the origin, in pixels. */
export interface Shape {
  /** Nothing of it lies further from the origin. */
  readonly reach: number;
  inside(x: number, y: number): boolean;
}

/** An ellipse or a rectangle or a triangle, turned at random, of about `radius` pixels. */
export function randomShape(stream: Stream, radius: number): Shape {
  const kind = stream.below(5);
  const [c, s] = direction(stream);
  const flat = 0.55 + 0.45 * stream.uniform();
  if (kind < 2) {
    const square = radius * radius;
    const squash = 1 / (flat * flat);
    return {
      reach: radius,
      inside: (x, y) => {
        const u = c * x + s * y;
        const v = c * y - s * x;
        return u * u + v * v * squash < square;
      },
    };
  }
  if (kind < 4) {
    const long = radius * 0.95;
    const short = long * flat;
    return {
      reach: long * Math.sqrt(1 + flat * flat),
      inside: (x, y) => Math.abs(c * x + s * y) < long && Math.abs(c * y - s * x) < short,
    };
  }
  // Equilateral: inside if left of all three edges, each at the same distance.
  const edge = radius * 0.62;
  const cos120 = -0.5;
  const sin120 = Math.sqrt(0.75);
  return {
    reach: 2 * edge,
    inside: (x, y) => {
      const u = c * x + s * y;
      const v = sin120 * (c * y - s * x);
      return u < edge && cos120 * u + v < edge && cos120 * u - v < edge;
    },
  };
}
