import type { Colour } from './colour.ts';
import { noise } from './numbers.ts';
import type { Shape } from './shape.ts';
import type { Texture } from './texture.ts';

/** Pixels per side. */
export const SIDE = 32;
/** Samples per pixel along each axis, which make edges smooth. */
const FINE = 2;
const WIDE = SIDE * FINE;

/** Light on a shape: 1 at its centre, `(x, y)` more for each pixel, and mottled. */
export interface Light {
  readonly x: number;
  readonly y: number;
  /** How strong the mottling is, 0 for none, and where it is in a table of noise, 0 to 1 along each axis. */
  readonly mottle?: readonly [strength: number, u: number, v: number];
}

/** A picture of 32×32 pixels of 2×2 samples, each red, green and blue of about 0 to 1. */
export class Canvas {
  readonly #rgb = new Float32Array(WIDE * WIDE * 3);
  /** Twice as wide as the picture, so that a shape can start anywhere in its first quarter. */
  readonly #mottle = Float32Array.from({ length: 4 * WIDE * WIDE }, (_, i) => {
    const x = i % (2 * WIDE);
    return noise(0.2 * x, (0.2 * (i - x)) / (2 * WIDE), 1) - 0.5;
  });

  /** Covers a shape around (cx, cy), in pixels, with one colour, or with two mixed by a texture. */
  fill(shape: Shape, cx: number, cy: number, light: Light, first: Colour, second = first, texture?: Texture): void {
    const rgb = this.#rgb;
    const [strength, u, v] = light.mottle ?? [0, 0, 0];
    const corner = Math.floor(v * WIDE) * 2 * WIDE + Math.floor(u * WIDE);
    const bottom = Math.min(WIDE, Math.ceil((cy + shape.reach) * FINE));
    for (let row = Math.max(0, Math.floor((cy - shape.reach) * FINE)); row < bottom; row++) {
      const y = (row + 0.5) / FINE - cy;
      const [low, high] = shape.span(y);
      // Samples are at the centres of their cells.
      const end = Math.min(WIDE, Math.ceil((cx + high) * FINE - 0.5));
      for (let column = Math.max(0, Math.ceil((cx + low) * FINE - 0.5)); column < end; column++) {
        const x = (column + 0.5) / FINE - cx;
        const bright = 1 + light.x * x + light.y * y + strength * this.#mottle[corner + row * 2 * WIDE + column];
        const at = (row * WIDE + column) * 3;
        if (texture) {
          const t = texture(x, y);
          rgb[at] = bright * (first[0] + t * (second[0] - first[0]));
          rgb[at + 1] = bright * (first[1] + t * (second[1] - first[1]));
          rgb[at + 2] = bright * (first[2] + t * (second[2] - first[2]));
        } else {
          rgb[at] = bright * first[0];
          rgb[at + 1] = bright * first[1];
          rgb[at + 2] = bright * first[2];
        }
      }
    }
  }

  /**
   * The mean of each pixel's samples, times `gain` (0 to 1 becomes 0 to 255 × gain), plus what `grain` draws for it.
   * @param out planar RGB, 3 × 32 × 32 bytes
   */
  develop(gain: Colour, grain: (at: number) => number, out: Uint8Array): void {
    const rgb = this.#rgb;
    const area = SIDE * SIDE;
    for (let y = 0, to = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++, to++) {
        const top = (y * FINE * WIDE + x * FINE) * 3;
        const low = top + WIDE * 3;
        for (let c = 0; c < 3; c++) {
          const sum = rgb[top + c] + rgb[top + c + 3] + rgb[low + c] + rgb[low + c + 3];
          const at = to + c * area;
          const value = (gain[c] * 255 * sum) / (FINE * FINE) + grain(at);
          out[at] = value < 0 ? 0 : value > 255 ? 255 : value + 0.5;
        }
      }
    }
  }
}
