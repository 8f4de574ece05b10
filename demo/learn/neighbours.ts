import { Embedder, SearchIndex } from 'bagssl';
import type { ImageSet } from 'bagssl/data';
import { Whitening } from 'bagssl/embed';
import { type Device, Runtime } from 'bagssl/runtime';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';
import { MODULES } from '../common/engine.ts';
import type { OwnEncoder } from '../common/kept-encoder.ts';

/** At most so many pictures are compared, and so many of them shown to choose from. */
const MOST = 400;
const SHOWN = 18;
const NEAREST = 6;
/** Few pictures tell little of the directions they hardly differ in: those are to stay small. */
const RIDGE = 0.3;

/** Embeds pictures with an encoder and shows, for the one that is pressed, those most alike. */
export async function showNeighbours(
  place: HTMLElement,
  set: ImageSet,
  encoder: OwnEncoder,
  device: Exclude<Device, 'native'>,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const some = { name: set.name, length: Math.min(MOST, set.length), image: (i: number) => set.image(i) };
  const engine = { device, modules: MODULES };
  await using embedder = await Embedder.create({ ...encoder, ...engine });
  const vectors = await embedder.matrix(some, { onProgress });
  const whitening = await Whitening.fit(await Runtime.open(engine), vectors, { ridge: RIDGE });
  const index = new SearchIndex(embedder.width);
  const row = (i: number) => whitening.apply(vectors.data.subarray(i * embedder.width, (i + 1) * embedder.width));
  for (let i = 0; i < some.length; i++) index.add(String(i), row(i));

  const name = (i: number) => set.files?.[i] ?? `Picture ${i + 1}`;
  const found = make('ol', { className: 'found' });
  const title = make('h3', {});
  const buttons: HTMLButtonElement[] = [];
  const choose = async (button: HTMLButtonElement, i: number) => {
    for (const each of buttons) each.ariaPressed = String(each === button);
    title.textContent = `Most like ${name(i)}`;
    const nearest = index.search(row(i), NEAREST + 1).filter(({ id }) => id !== String(i));
    const items = nearest.slice(0, NEAREST).map(async ({ id, similarity }) => {
      const canvas = pictureCanvas(await set.image(Number(id)));
      canvas.role = 'img';
      canvas.ariaLabel = name(Number(id));
      return make('li', {}, canvas, make('span', {}, similarity.toFixed(2)));
    });
    found.replaceChildren(...(await Promise.all(items)));
  };
  const step = some.length / Math.min(SHOWN, some.length);
  for (let k = 0; k < Math.min(SHOWN, some.length); k++) {
    const i = Math.floor(k * step);
    const button = make('button', { type: 'button', className: 'picture', ariaLabel: name(i), ariaPressed: 'false' });
    button.append(pictureCanvas(await set.image(i)));
    button.onclick = () => void choose(button, i);
    buttons.push(button);
  }
  const hint = make(
    'p',
    { className: 'note' },
    'Press a picture to see those most like it; the number is the cosine, 1 at most.',
  );
  place.replaceChildren(hint, make('div', { className: 'pictures' }, ...buttons), title, found);
  await choose(buttons[0], 0);
}
