import type { ImageSet } from 'bagssl/data';
import type { DuplicateGroup } from 'bagssl/embed';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';

/** Groups of near duplicates, each in a row. */
export async function showGroups(
  place: HTMLElement,
  groups: readonly DuplicateGroup<number>[],
  set: ImageSet,
  nameOf: (picture: number) => string,
): Promise<void> {
  const rows = groups.map(async ({ ids, similarity }, i) => {
    const items = ids.map(async (id) => {
      const canvas = pictureCanvas(await set.image(id));
      canvas.role = 'img';
      canvas.ariaLabel = nameOf(id);
      return make('li', {}, canvas, make('figcaption', { title: nameOf(id) }, nameOf(id).split('/').at(-1)!));
    });
    const title = `Group ${i + 1}: ${ids.length} pictures, similarity at least ${similarity.toFixed(2)}`;
    return [make('h3', {}, title), make('ul', { className: 'found' }, ...(await Promise.all(items)))];
  });
  const none = make('p', { className: 'note' }, 'No near duplicates: no pictures stand out from the others as copies.');
  place.replaceChildren(...(groups.length ? (await Promise.all(rows)).flat() : [none]));
}
