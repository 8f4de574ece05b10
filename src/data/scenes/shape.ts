import type { Stream } from '../../base/random.ts';
import { direction } from './numbers.ts';

/** A filled convex outline around the origin, in pixels. */
export interface Shape {
  /** No part of it is further from the origin. */
  readonly reach: number;
  /** The x between which it covers the line at `y`; the first is the larger if it does not meet the line. */
  span(y: number): readonly [number, number];
}

/** The points whose product with (nx, ny) is less than `edge`. */
type HalfPlane = readonly [nx: number, ny: number, edge: number];

/** An ellipse, rectangle or triangle of about `radius` pixels, randomly rotated. */
export function randomShape(stream: Stream, radius: number): Shape {
  const kind = stream.below(5);
  const [c, s] = direction(stream);
  const flat = 0.55 + 0.45 * stream.uniform();
  if (kind < 2) return ellipse(radius, flat, c, s);
  if (kind < 4) {
    const long = radius * 0.95;
    const short = long * flat;
    const sides: HalfPlane[] = [
      [c, s, long],
      [-c, -s, long],
      [-s, c, short],
      [s, -c, short],
    ];
    return polygon(long * Math.sqrt(1 + flat * flat), sides);
  }
  const edge = radius * 0.62;
  // The first side's normal, rotated by a third of a turn either way.
  const sine = Math.sqrt(0.75);
  const sides: HalfPlane[] = [
    [c, s, edge],
    [-0.5 * c - sine * s, sine * c - 0.5 * s, edge],
    [-0.5 * c + sine * s, -sine * c - 0.5 * s, edge],
  ];
  return polygon(2 * edge, sides);
}

/** (cx + sy)² + (cy − sx)² / flat² < radius², solved for x. */
function ellipse(radius: number, flat: number, c: number, s: number): Shape {
  const k = 1 / (flat * flat);
  const a = c * c + s * s * k;
  const slope = (c * s * (k - 1)) / a;
  const across = c * c * k + s * s;
  return {
    reach: radius,
    span(y) {
      const middle = slope * y;
      const square = middle * middle - (across * y * y - radius * radius) / a;
      if (square < 0) return [1, -1];
      const half = Math.sqrt(square);
      return [middle - half, middle + half];
    },
  };
}

function polygon(reach: number, sides: readonly HalfPlane[]): Shape {
  return {
    reach,
    span(y) {
      let low = -reach;
      let high = reach;
      for (const [nx, ny, edge] of sides) {
        const room = edge - ny * y;
        if (nx > 0) high = Math.min(high, room / nx);
        else if (nx < 0) low = Math.max(low, room / nx);
        else if (room <= 0) high = low - 1;
      }
      return [low, high];
    },
  };
}
