import type { Stream } from '../../base/random.ts';
import { type Canvas, SIDE } from './canvas.ts';
import { randomColour, randomPair } from './colour.ts';
import { corner, direction } from './numbers.ts';
import { randomShape, type Shape } from './shape.ts';
import { TEXTURES } from './texture.ts';

/** Class names, in label order. */
export const SCENE_CLASSES: readonly string[] = Object.keys(TEXTURES);

const LEAVES = 25;
/** Covers everything, so that nothing of the previous scene shows. */
const GROUND: Shape = { reach: 2 * SIDE, span: () => [-2 * SIDE, 2 * SIDE] };

/**
 * Draws a scene of 32×32 pixels whose main object is of class `label`: a background of dead leaves (shapes of all sizes
 * that hide one another; their number falls with the cube of the radius, which gives the 1/f² spectrum of
 * photographs), the object, textured and shaded, sometimes something small in front of it, and light and grain over all.
 * @param out planar RGB, 3 × 32 × 32 bytes
 */
export function drawScene(canvas: Canvas, stream: Stream, label: number, out: Uint8Array): void {
  const anywhere = () => SIDE * stream.uniform();
  drawLeaf(canvas, stream, GROUND, SIDE / 2, SIDE / 2);
  for (let i = 0; i < LEAVES; i++) {
    drawLeaf(canvas, stream, randomShape(stream, leafRadius(stream, 2, 15)), anywhere(), anywhere());
  }
  drawObject(canvas, stream, label);
  const before = stream.below(3);
  for (let i = 0; i < before; i++) {
    const [dx, dy] = direction(stream);
    drawLeaf(canvas, stream, randomShape(stream, leafRadius(stream, 2, 4)), SIDE / 2 + 12 * dx, SIDE / 2 + 12 * dy);
  }

  const exposure = 0.75 + 0.4 * stream.uniform();
  const tint = () => 0.92 + 0.16 * stream.uniform();
  const grain = 4 + 12 * stream.uniform();
  const seed = stream.uint32();
  canvas.develop([exposure * tint(), exposure, exposure * tint()], (at) => grain * (corner(at, 0, seed) - 0.5), out);
}

function drawLeaf(canvas: Canvas, stream: Stream, shape: Shape, cx: number, cy: number): void {
  const [x, y] = direction(stream);
  const slope = (0.25 * stream.uniform()) / Math.min(shape.reach, 16);
  const mottle = [0.4 * stream.uniform(), stream.uniform(), stream.uniform()] as const;
  canvas.fill(shape, cx, cy, { x: slope * x, y: slope * y, mottle }, randomColour(stream));
}

function drawObject(canvas: Canvas, stream: Stream, label: number): void {
  const texture = TEXTURES[SCENE_CLASSES[label]](stream);
  const radius = 11 + 4 * stream.uniform();
  const shape = randomShape(stream, radius);
  const near = () => SIDE / 2 + 6 * (stream.uniform() - 0.5);
  const [x, y] = direction(stream);
  const slope = (0.1 + 0.25 * stream.uniform()) / radius;
  canvas.fill(shape, near(), near(), { x: slope * x, y: slope * y }, ...randomPair(stream), texture);
}

/** A radius whose density falls as its inverse cube, between two bounds, in pixels. */
function leafRadius(stream: Stream, shortest: number, longest: number): number {
  const [a, b] = [1 / (shortest * shortest), 1 / (longest * longest)];
  return 1 / Math.sqrt(a + (b - a) * stream.uniform());
}
