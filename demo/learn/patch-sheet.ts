import type { ImageSet } from 'bagssl/data';
import { PatchPool, type Recipe } from 'bagssl/patches';
import { make } from '../common/dom.ts';
import { patchImage, pictureCanvas } from '../common/draw.ts';

/** Pictures on the sheet, and patches of each. */
const PICTURES = 6;
const PATCHES = 8;

/** The parts of a run that determine its patches. */
export interface Draws {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly epoch: number;
}

/** Rows of a picture and patches of it, drawn as in the training's current epoch. */
export class PatchSheet {
  #pool: Promise<PatchPool> | undefined;
  #first = 0;
  #busy = false;

  constructor(private readonly place: HTMLElement) {}

  /** Shows the next pictures. A call while another is running does nothing. */
  async show(set: ImageSet, { recipe, seed, epoch }: Draws): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const rows = Math.min(PICTURES, set.length);
      const ids = Array.from({ length: rows }, (_, k) => (this.#first + k) % set.length);
      this.#first = (this.#first + rows) % set.length;
      const pixels = await Promise.all(ids.map((id) => set.image(id)));
      this.#pool ??= PatchPool.create({ workers: 1 });
      const batch = await (await this.#pool).cut({
        recipe,
        images: ids.map((id, k) => ({ id, pixels: pixels[k] })),
        source: { kind: 'augmented', seed, epoch, views: PATCHES },
      });
      this.place.replaceChildren(
        ...pixels.map((picture, k) => {
          const patches = Array.from({ length: PATCHES }, (_, view) => {
            const patch = make('canvas', { width: recipe.size, height: recipe.size, className: 'patch' });
            patch.getContext('2d')!.putImageData(patchImage(batch, view * rows + k, recipe), 0, 0);
            return patch;
          });
          return make('div', { className: 'sheet-row' }, pictureCanvas(picture), ...patches);
        }),
      );
    } finally {
      this.#busy = false;
    }
  }
}
