import type { PatchBox } from 'bagssl/embed';
import type { Pixels } from 'bagssl/patches';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';

/** Opacity of the map over its picture. */
const OPACITY = 0.72;

/** A picture under a map of similarities: each point has the colour of the patch whose centre is nearest. */
export class SimilarityMap {
  readonly element: HTMLElement;
  readonly #heat: HTMLCanvasElement;
  readonly #across: number;
  /** Cells between the outermost patch's centre and the picture's border, which no centre reaches. */
  readonly #beyond: number;

  constructor(picture: Pixels, boxes: readonly PatchBox[]) {
    this.#across = Math.round(Math.sqrt(boxes.length));
    const [first, last] = [boxes[0], boxes[boxes.length - 1]];
    const steps = this.#across - 1;
    const [right, down] = [(last.x - first.x) / steps, (last.y - first.y) / steps];
    this.#beyond = Math.ceil(Math.max(first.width / 2 / right, first.height / 2 / down));
    const cells = this.#across + 2 * this.#beyond;
    this.#heat = make('canvas', { className: 'heat', width: cells, height: cells });
    this.element = make('div', { className: 'map', role: 'img' }, pictureCanvas(picture), this.#heat);
    const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
    const { style } = this.#heat;
    style.left = percent(first.x + first.width / 2 - (this.#beyond + 0.5) * right, picture.width);
    style.top = percent(first.y + first.height / 2 - (this.#beyond + 0.5) * down, picture.height);
    style.width = percent(cells * right, picture.width);
    style.height = percent(cells * down, picture.height);
  }

  show(similarities: Float32Array, label: string): void {
    const cells = this.#heat.width;
    const image = new ImageData(cells, cells);
    const inside = (at: number) => Math.min(this.#across - 1, Math.max(0, at - this.#beyond));
    for (let y = 0; y < cells; y++) {
      for (let x = 0; x < cells; x++) {
        const value = similarities[inside(y) * this.#across + inside(x)];
        image.data.set([...colourOf(value), 255 * OPACITY], 4 * (y * cells + x));
      }
    }
    this.#heat.getContext('2d')!.putImageData(image, 0, 0);
    this.element.ariaLabel = label;
  }
}

/** From 0 to 1, dark to bright, so that brightness alone shows the order. */
const STOPS = [
  [13, 8, 41],
  [84, 18, 110],
  [166, 44, 96],
  [229, 92, 48],
  [251, 165, 24],
  [252, 253, 191],
] as const;

/** The colour of a cosine as red, green, blue; negative ones count as 0. */
export function colourOf(similarity: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, similarity)) * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(at));
  const share = at - low;
  return [0, 1, 2].map((c) => Math.round(STOPS[low][c] * (1 - share) + STOPS[low + 1][c] * share)) as [
    number,
    number,
    number,
  ];
}

/** Draws the scale from 0 to 1, left to right. */
export function drawScale(canvas: HTMLCanvasElement): void {
  const { width, height } = canvas;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...colourOf((i % width) / (width - 1)), 255], 4 * i);
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}
