import type { PatchBox } from 'bagssl/embed';
import type { Pixels } from 'bagssl/patches';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';

const STEPS: Readonly<Record<string, readonly [right: number, down: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The picture in which a patch is chosen, by pointer or arrow keys, and framed. */
export class Stage {
  readonly #frame = make('div', { className: 'frame' });
  #boxes: readonly PatchBox[] = [];
  #size = { width: 1, height: 1 };
  #patch = 0;

  constructor(
    private readonly element: HTMLElement,
    private readonly onChoose: (patch: number) => void,
  ) {
    element.tabIndex = 0;
    element.addEventListener('pointerdown', (event) => this.#point(event));
    element.addEventListener('pointermove', (event) => {
      if (event.buttons > 0) this.#point(event);
    });
    element.addEventListener('keydown', (event) => this.#press(event));
  }

  show(picture: Pixels, boxes: readonly PatchBox[], patch: number): void {
    this.#boxes = boxes;
    this.#size = picture;
    this.element.replaceChildren(pictureCanvas(picture), this.#frame);
    this.#mark(patch);
  }

  #point({ clientX, clientY }: PointerEvent): void {
    const area = this.element.getBoundingClientRect();
    const x = ((clientX - area.left) / area.width) * this.#size.width;
    const y = ((clientY - area.top) / area.height) * this.#size.height;
    const distance = (box: PatchBox) => Math.hypot(box.x + box.width / 2 - x, box.y + box.height / 2 - y);
    this.#choose(this.#boxes.reduce((found, box, i) => (distance(box) < distance(this.#boxes[found]) ? i : found), 0));
  }

  #press(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const across = Math.round(Math.sqrt(this.#boxes.length));
    const move = (at: number, by: number) => Math.min(across - 1, Math.max(0, at + by));
    const [column, row] = [this.#patch % across, Math.floor(this.#patch / across)];
    this.#choose(move(row, step[1]) * across + move(column, step[0]));
  }

  #choose(patch: number): void {
    if (patch === this.#patch) return;
    this.#mark(patch);
    this.onChoose(patch);
  }

  #mark(patch: number): void {
    this.#patch = patch;
    const { x, y, width, height } = this.#boxes[patch];
    const { style } = this.#frame;
    style.left = `${(100 * x) / this.#size.width}%`;
    style.top = `${(100 * y) / this.#size.height}%`;
    style.width = `${(100 * width) / this.#size.width}%`;
    style.height = `${(100 * height) / this.#size.height}%`;
  }
}
