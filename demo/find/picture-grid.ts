import type { Pixels } from 'bagssl/patches';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';

/** All pictures that can be asked, in the order they were indexed. */
export class PictureGrid {
  #buttons: HTMLButtonElement[] = [];

  constructor(
    private readonly place: HTMLElement,
    private readonly onPress: (picture: number) => void,
  ) {}

  /** Empties it and shows how many pictures are to come. */
  start(total: number): void {
    this.#buttons = [];
    this.place.replaceChildren(...Array.from({ length: total }, () => make('li', { className: 'coming' })));
  }

  add(pixels: Pixels, name: string): void {
    const picture = this.#buttons.length;
    const button = make('button', { type: 'button', className: 'picture', ariaLabel: name, ariaPressed: 'false' });
    button.append(pictureCanvas(pixels));
    button.onclick = () => this.onPress(picture);
    this.#buttons.push(button);
    const item = this.place.children[picture];
    item.className = '';
    item.replaceChildren(button);
  }

  /** Marks the picture that is asked. */
  mark(picture: number): void {
    for (const [i, button] of this.#buttons.entries()) button.ariaPressed = String(i === picture);
  }
}
