import type { Stream } from '../../base/random.ts';
import { direction, fractalNoise, turn } from './numbers.ts';

/** How much of a texture's second colour shows, 0 to 1, at (x, y) pixels from the centre of the object. */
export type Texture = (x: number, y: number) => number;

/** A randomly rotated, scaled and shifted lattice: from pixels to periods. */
class Lattice {
  readonly #a: number;
  readonly #b: number;
  readonly #du: number;
  readonly #dv: number;

  /** @param shortest, longest the range of one period, in pixels */
  constructor(stream: Stream, shortest: number, longest: number) {
    const [c, s] = direction(stream);
    const period = shortest + (longest - shortest) * stream.uniform();
    this.#a = c / period;
    this.#b = s / period;
    this.#du = stream.uniform();
    this.#dv = stream.uniform();
  }
  u(x: number, y: number): number {
    return this.#a * x + this.#b * y + this.#du;
  }
  v(x: number, y: number): number {
    return this.#a * y - this.#b * x + this.#dv;
  }
}

const fraction = (x: number) => x - Math.floor(x);
/** A triangle wave, 0 to 1, of period 1. */
const triangle = (x: number) => 2 * Math.abs(fraction(x) - 0.5);
const within = (low: number, high: number, stream: Stream) => low + (high - low) * stream.uniform();

/**
 * The classes of the built-in scenes: kinds of texture. Colours, direction, scale, phase and shape say nothing about the
 * class; only the arrangement does.
 */
export const TEXTURES: Readonly<Record<string, (stream: Stream) => Texture>> = {
  stripes(stream) {
    const at = new Lattice(stream, 4.5, 8);
    const duty = within(0.35, 0.65, stream);
    return (x, y) => Number(fraction(at.u(x, y)) < duty);
  },
  zigzag(stream) {
    const at = new Lattice(stream, 5, 7);
    const height = within(0.7, 1, stream);
    const length = within(0.5, 0.7, stream);
    return (x, y) => Number(fraction(at.u(x, y) + height * triangle(at.v(x, y) * length)) < 0.5);
  },
  checks(stream) {
    const at = new Lattice(stream, 3.5, 5.5);
    return (x, y) => (Math.floor(at.u(x, y)) + Math.floor(at.v(x, y))) & 1;
  },
  dots(stream) {
    const at = new Lattice(stream, 5, 7.5);
    const radius = within(0.28, 0.36, stream);
    return (x, y) => {
      const v = at.v(x, y);
      // Every other row is shifted by half a period.
      const du = fraction(at.u(x, y) + 0.5 * (Math.floor(v) & 1)) - 0.5;
      const dv = fraction(v) - 0.5;
      return Number(du * du + dv * dv < radius * radius);
    };
  },
  crosses(stream) {
    const at = new Lattice(stream, 6.5, 9);
    const arm = within(0.36, 0.42, stream);
    const half = within(0.11, 0.14, stream);
    return (x, y) => {
      const du = Math.abs(fraction(at.u(x, y)) - 0.5);
      const dv = Math.abs(fraction(at.v(x, y)) - 0.5);
      return Number((du < half && dv < arm) || (dv < half && du < arm));
    };
  },
  bricks(stream) {
    const at = new Lattice(stream, 4, 5.5);
    const joint = within(0.2, 0.28, stream);
    const length = within(1.8, 2.4, stream);
    return (x, y) => {
      const v = at.v(x, y);
      const u = at.u(x, y) / length + 0.5 * (Math.floor(v) & 1);
      return Number(fraction(v) < joint || fraction(u) * length < joint);
    };
  },
  scales(stream) {
    const at = new Lattice(stream, 6.5, 9);
    return (x, y) => {
      const u = at.u(x, y);
      const v = at.v(x, y) * 2;
      const row = Math.floor(v);
      // The nearest arcs above: of this row, else of the row it overlaps. Light at the rim, dark where it is covered.
      const rise = v - row;
      const here = fraction(u + 0.5 * (row & 1)) - 0.5;
      const own = here * here + (rise * rise) / 4;
      if (own < 0.25) return own / 0.25 > 0.5 ? 1 : 0.25;
      const there = fraction(u + 0.5 * ((row + 1) & 1)) - 0.5;
      const other = there * there + ((rise + 1) * (rise + 1)) / 4;
      return other / 0.25 > 0.5 ? 1 : 0.25;
    };
  },
  rings(stream) {
    const period = within(4.5, 7.5, stream);
    const phase = stream.uniform();
    const cx = within(-4, 4, stream);
    const cy = within(-4, 4, stream);
    return (x, y) => {
      const dx = x - cx;
      const dy = y - cy;
      return Number(fraction(Math.sqrt(dx * dx + dy * dy) / period + phase) < 0.5);
    };
  },
  rays(stream) {
    const count = 5 + stream.below(4);
    const phase = stream.uniform();
    const cx = within(-4, 4, stream);
    const cy = within(-4, 4, stream);
    return (x, y) => Number(fraction(turn(x - cx, y - cy) * count + phase) < 0.5);
  },
  clouds(stream) {
    const at = new Lattice(stream, 6, 9);
    const seed = stream.uint32();
    return (x, y) => {
      const t = 2.2 * fractalNoise(at.u(x, y), at.v(x, y), seed) - 0.6;
      return t < 0 ? 0 : t > 1 ? 1 : t;
    };
  },
};
