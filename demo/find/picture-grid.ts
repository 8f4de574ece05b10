import { make } from '../common/dom.ts';
import { bitmapCanvas } from '../common/draw.ts';

/** The pixels of a thumbnail's side on this screen: where there are three places or more in a row, one is at most 96 wide. */
export const thumbnailSide = () => Math.ceil(96 * devicePixelRatio);

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

  /** Adds the next one. */
  add(thumbnail: ImageBitmap, name: string): void {
    const picture = this.#buttons.length;
    const button = make('button', { type: 'button', className: 'picture', ariaLabel: name, ariaPressed: 'false' });
    button.append(bitmapCanvas(thumbnail));
    button.onclick = () => this.onPress(picture);
    this.#buttons.push(button);
    const item = this.place.children[picture];
    item.className = '';
    item.replaceChildren(button);
  }

  /** Removes the places of those that do not come. */
  end(): void {
    for (const place of this.place.querySelectorAll('.coming')) place.remove();
  }

  /** Marks the picture that is asked. */
  mark(picture: number): void {
    for (const [i, button] of this.#buttons.entries()) button.ariaPressed = String(i === picture);
  }
}
