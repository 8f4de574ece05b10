import { SearchIndex } from 'bagssl';
import type { ImageSet } from 'bagssl/data';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';
import { Embedding } from '../common/embedding.ts';
import type { Engine } from '../common/engine.ts';
import type { OwnEncoder } from '../common/kept-encoder.ts';
import { sayCardStopped } from '../common/page.ts';
import { vectorsOf } from '../common/vectors.ts';

const NEAREST = 6;
/** A few pictures say little about directions in which they hardly differ, so the ridge keeps those small. */
const RIDGE = 0.3;

/** Embeds pictures with an encoder and shows the most similar ones to the picture that is pressed. */
export async function showNeighbours(
  place: HTMLElement,
  set: ImageSet,
  encoder: OwnEncoder,
  device: Engine['device'],
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  using embedding = new Embedding(sayCardStopped);
  await embedding.open(await encoder.write(), device);
  const vectors = (await vectorsOf(set, embedding.bag, (done, total) => {
    onProgress(done, total);
    return true;
  }))!;
  const { data, rows, columns } = await embedding.whitened(vectors, RIDGE);
  const row = (i: number) => data.subarray(i * columns, (i + 1) * columns);
  const index = new SearchIndex(columns);
  for (let i = 0; i < rows; i++) index.add(String(i), row(i));

  const name = (i: number) => set.files?.[i] ?? `Picture ${i + 1}`;
  const asked = make('div', { className: 'query' });
  const found = make('ol', { className: 'found' });
  const title = make('h3', {});
  const buttons: HTMLButtonElement[] = [];
  const choose = async (button: HTMLButtonElement, i: number) => {
    for (const each of buttons) each.ariaPressed = String(each === button);
    title.textContent = `Most similar to ${name(i)}`;
    asked.replaceChildren(pictureCanvas(await set.image(i)));
    const nearest = index.search(row(i), NEAREST + 1).filter(({ id }) => id !== String(i));
    const items = nearest.slice(0, NEAREST).map(async ({ id, similarity }) => {
      const canvas = pictureCanvas(await set.image(Number(id)));
      canvas.role = 'img';
      canvas.ariaLabel = name(Number(id));
      return make('li', {}, canvas, make('span', {}, similarity.toFixed(2)));
    });
    found.replaceChildren(...(await Promise.all(items)));
  };
  for (let i = 0; i < rows; i++) {
    const button = make('button', { type: 'button', className: 'picture', ariaLabel: name(i), ariaPressed: 'false' });
    button.append(pictureCanvas(await set.image(i)));
    button.onclick = () => void choose(button, i);
    buttons.push(button);
  }
  const hint = make(
    'p',
    { className: 'note' },
    'Press a picture to see the most similar ones. The number is the cosine, at most 1.',
  );
  place.replaceChildren(
    hint,
    make('div', { className: 'pictures all' }, ...buttons),
    title,
    make('div', { className: 'beside' }, asked, found),
  );
  await choose(buttons[0], 0);
}
