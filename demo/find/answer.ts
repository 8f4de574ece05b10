import type { PatchMap } from 'bagssl/embed';
import type { Pixels } from 'bagssl/patches';
import { breath } from '../common/breath.ts';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';
import type { Embedding } from '../common/embedding.ts';
import { likeness, lit } from './lit.ts';

/** How many of the nearest are shown. */
export const NEAREST = 8;

/** A picture of the answer: the one that is asked, then the nearest. */
export interface Asked {
  readonly picture: number;
  readonly name: string;
  readonly pixels: Pixels;
  readonly similarity?: number;
}

/** Patches across and down, each a fifth of the picture's side. */
const PLACES = { kind: 'grid', across: 8, scales: [0.04] } as const;

/** The picture that was pressed beside those most like it, lit where they match. */
export class Answer {
  #wish = 0;

  constructor(
    private readonly place: HTMLElement,
    private readonly embedding: Embedding,
    private readonly onPress: (picture: number) => void,
  ) {
    place.tabIndex = -1;
  }

  hide(): void {
    this.#wish++;
    this.place.hidden = true;
  }

  async show([asked, ...found]: readonly Asked[], scroll: boolean): Promise<void> {
    this.#wish++;
    const mine = this.#wish;
    const query = make('figure', { className: 'asked' }, pictureCanvas(asked.pixels), caption(asked.name));
    const frames: { frame: HTMLElement; item: HTMLElement }[] = [];
    for (const one of found) {
      await breath();
      if (mine !== this.#wish) return;
      const frame = make('div', { className: 'lit' }, pictureCanvas(one.pixels));
      const button = make('button', { type: 'button', className: 'picture', ariaLabel: `Ask ${one.name}` }, frame);
      button.onclick = () => this.onPress(one.picture);
      const similarity = make('span', {}, one.similarity!.toFixed(2));
      frames.push({ frame, item: make('li', {}, button, similarity, caption(one.name)) });
    }
    const list = make('ol', { className: 'found large' }, ...frames.map(({ item }) => item));
    const focused = this.place.contains(document.activeElement);
    this.place.replaceChildren(query, list);
    this.place.hidden = false;
    if (focused) this.place.focus({ preventScroll: true }); // the button that was pressed is gone
    if (scroll) this.place.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    const maps: PatchMap[] = [];
    for (const { pixels } of [asked, ...found]) {
      const [map] = await this.embedding.patches(pixels, PLACES);
      if (mine !== this.#wish) return;
      maps.push(map);
    }
    const [own, ...others] = maps.map(({ vectors }) => vectors);
    likeness(own, others).forEach((values, i) => {
      frames[i].frame.append(lit(values, PLACES.across));
    });
  }
}

const caption = (name: string) => make('figcaption', { title: name }, name.split('/').at(-1)!);
