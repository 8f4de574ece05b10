import type { Stream } from '../../patches/philox.ts';
import { type Colour, randomColour, randomPair } from './colour.ts';
import { corner, direction, noise } from './numbers.ts';
import { randomShape, type Shape } from './shape.ts';
import { TEXTURES, type Texture } from './texture.ts';

/** Pixels a side. */
export const SCENE_SIDE = 32;
/** Samples a pixel, along each axis: edges come out smooth. */
const FINE = 2;
const LEAVES = 26;

export const SCENE_CLASSES: readonly string[] = Object.keys(TEXTURES);

/** Draws scenes of 32×32 pixels, one after the other, on one canvas. */
export class ScenePainter {
  /** Pixel by pixel, and in each pixel sample by sample: red, green and blue of about 0 to 1. */
  readonly #rgb = new Float32Array(SCENE_SIDE * SCENE_SIDE * FINE * FINE * 3);

  /**
   * A scene whose main object is of class `label`: a background of dead leaves (shapes of all sizes that hide one
   * another, small ones more often, as the inverse cube of their radius, which gives the 1/f² spectrum of photographs),
   * the object, textured and shaded, now and then something small before it, light and grain over all.
   * @param out planar RGB, 3 × 32 × 32 bytes
   */
  draw(stream: Stream, label: number, out: Uint8Array): void {
    for (let i = 0; i < LEAVES; i++)
      this.#leaf(stream, i === 0 ? 2 * SCENE_SIDE : leafRadius(stream, 2, 15), undefined);
    this.#object(stream, label);
    const before = stream.below(3);
    for (let i = 0; i < before; i++) this.#leaf(stream, leafRadius(stream, 2, 4), 12);
    this.#develop(stream, out);
  }

  /** @param ring its distance from the middle, in pixels; anywhere if absent */
  #leaf(stream: Stream, radius: number, ring: number | undefined): void {
    const shape = randomShape(stream, radius);
    let cx = SCENE_SIDE * stream.uniform();
    let cy = SCENE_SIDE * stream.uniform();
    if (ring !== undefined) {
      const [dx, dy] = direction(stream);
      cx = SCENE_SIDE / 2 + ring * dx;
      cy = SCENE_SIDE / 2 + ring * dy;
    }
    const colour = randomColour(stream);
    const [lx, ly] = direction(stream);
    const slope = (0.25 * stream.uniform()) / Math.min(radius, 12);
    const mottle = 0.35 * stream.uniform();
    const seed = stream.uint32();
    const light =
      mottle < 0.1
        ? (x: number, y: number) => 1 + slope * (lx * x + ly * y)
        : (x: number, y: number) => 1 + slope * (lx * x + ly * y) + mottle * (noise(x * 0.4, y * 0.4, seed) - 0.5);
    this.#fill(shape, cx, cy, colour, colour, plain, light);
  }

  #object(stream: Stream, label: number): void {
    const texture = TEXTURES[SCENE_CLASSES[label]](stream);
    const radius = 11 + 4 * stream.uniform();
    const shape = randomShape(stream, radius);
    const cx = SCENE_SIDE / 2 + 6 * (stream.uniform() - 0.5);
    const cy = SCENE_SIDE / 2 + 6 * (stream.uniform() - 0.5);
    const [first, second] = randomPair(stream);
    const [lx, ly] = direction(stream);
    const slope = (0.1 + 0.25 * stream.uniform()) / radius;
    this.#fill(shape, cx, cy, first, second, texture, (x, y) => 1 + slope * (lx * x + ly * y));
  }

  /** Covers a shape around (cx, cy) with a mixture of two colours, brightened by `light`; all in pixels. */
  #fill(shape: Shape, cx: number, cy: number, first: Colour, second: Colour, texture: Texture, light: Texture): void {
    const rgb = this.#rgb;
    const low = (centre: number) => Math.max(0, Math.floor(centre - shape.reach));
    const high = (centre: number) => Math.min(SCENE_SIDE, Math.ceil(centre + shape.reach));
    const [left, right, bottom] = [low(cx), high(cx), high(cy)];
    const [dr, dg, db] = [second[0] - first[0], second[1] - first[1], second[2] - first[2]];
    for (let row = low(cy); row < bottom; row++) {
      for (let column = left; column < right; column++) {
        // Light changes slowly: once a pixel is enough.
        let bright = -1;
        for (let sample = 0; sample < FINE * FINE; sample++) {
          const i = sample % FINE;
          const j = (sample - i) / FINE;
          const x = column + (i + 0.5) / FINE - cx;
          const y = row + (j + 0.5) / FINE - cy;
          if (!shape.inside(x, y)) continue;
          if (bright < 0) bright = light(x, y);
          const t = texture(x, y);
          const at = (((row * SCENE_SIDE + column) * FINE + j) * FINE + i) * 3;
          rgb[at] = bright * (first[0] + t * dr);
          rgb[at + 1] = bright * (first[1] + t * dg);
          rgb[at + 2] = bright * (first[2] + t * db);
        }
      }
    }
  }

  /** Averages the samples of each pixel, and adds the light of the whole scene and the grain of a sensor. */
  #develop(stream: Stream, out: Uint8Array): void {
    const rgb = this.#rgb;
    const exposure = 255 * (0.75 + 0.4 * stream.uniform());
    const grain = 4 + 12 * stream.uniform();
    const seed = stream.uint32();
    const tint = [0.92 + 0.16 * stream.uniform(), 1, 0.92 + 0.16 * stream.uniform()];
    for (let channel = 0; channel < 3; channel++) {
      const gain = (exposure * tint[channel]) / (FINE * FINE);
      let to = channel * SCENE_SIDE * SCENE_SIDE;
      for (let y = 0; y < SCENE_SIDE; y++) {
        for (let x = 0; x < SCENE_SIDE; x++, to++) {
          let sum = 0;
          const from = (y * SCENE_SIDE + x) * FINE * FINE * 3 + channel;
          for (let sample = 0; sample < FINE * FINE; sample++) sum += rgb[from + 3 * sample];
          const value = gain * sum + grain * (corner(to, 0, seed) - 0.5);
          out[to] = value < 0 ? 0 : value > 255 ? 255 : Math.round(value);
        }
      }
    }
  }
}

const plain: Texture = () => 0;

/** A radius whose density falls as its inverse cube, between two bounds, in pixels. */
function leafRadius(stream: Stream, shortest: number, longest: number): number {
  const [a, b] = [1 / (shortest * shortest), 1 / (longest * longest)];
  return 1 / Math.sqrt(a + (b - a) * stream.uniform());
}
