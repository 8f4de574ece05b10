import type { ImageSet } from 'bagssl/data';
import { find, make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';

/** How many pictures are shown. */
export const FOUND = 6;
/** Seconds between two announcements to a screen reader. */
const TELL_SECONDS = 3;

/** The pictures most similar to what the camera sees. A place is redrawn only when its picture changes. */
export class FoundList {
  readonly #places = Array.from({ length: FOUND }, () => ({
    picture: -1,
    item: make('li', { hidden: true }),
    number: make('span'),
  }));
  #told = { picture: -1, at: Number.NEGATIVE_INFINITY };

  constructor(list: HTMLElement) {
    list.replaceChildren(...this.#places.map(({ item }) => item));
  }

  clear(): void {
    for (const place of this.#places) {
      place.picture = -1;
      place.item.hidden = true;
    }
  }

  async show(set: ImageSet, found: readonly { picture: number; similarity: number }[]): Promise<void> {
    for (const [k, place] of this.#places.entries()) {
      const here = found[k];
      place.item.hidden = !here;
      if (!here) continue;
      place.number.textContent = here.similarity.toFixed(2);
      if (here.picture === place.picture) continue;
      place.picture = here.picture;
      const canvas = pictureCanvas(await set.image(here.picture));
      canvas.role = 'img';
      canvas.ariaLabel = name(set, here.picture);
      place.item.replaceChildren(canvas, place.number);
    }
    this.#tell(set, found[0]);
  }

  #tell(set: ImageSet, best: { picture: number; similarity: number } | undefined): void {
    const now = performance.now() / 1000;
    if (!best || best.picture === this.#told.picture || now - this.#told.at < TELL_SECONDS) return;
    this.#told = { picture: best.picture, at: now };
    find('#told').textContent = `Most similar: ${name(set, best.picture)}, ${best.similarity.toFixed(2)}.`;
  }
}

const name = (set: ImageSet, i: number) => set.files?.[i] ?? `picture ${i + 1}`;
