import { SearchIndex } from 'bagssl';
import type { ImageSet } from 'bagssl/data';
import { breath } from '../common/breath.ts';
import { make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';
import { Embedding, type Which } from '../common/embedding.ts';
import type { Engine } from '../common/engine.ts';
import type { OwnEncoder } from '../common/kept-encoder.ts';
import { sayCardStopped } from '../common/page.ts';
import { vectorsOf } from '../common/vectors.ts';

const NEAREST = 6;
/** A few pictures say little about directions in which they hardly differ, so the ridge keeps those small. */
const RIDGE = 0.3;

/** An encoder's vectors of the pictures, to search by. */
interface Searched {
  readonly title: string;
  readonly index: SearchIndex<number>;
}

/** Embeds pictures with the encoder that was trained on them and the shipped one, and shows what either finds for the picture that is pressed. */
export async function showNeighbours(
  place: HTMLElement,
  set: ImageSet,
  encoder: OwnEncoder,
  device: Engine['device'],
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  using embedding = new Embedding(sayCardStopped);
  const searched = async (title: string, which: Which): Promise<Searched> => {
    await embedding.open(which, device);
    const plain = (await vectorsOf(set, embedding.bag, (done, total) => {
      onProgress(done, total);
      return true;
    }))!;
    const { data, rows, columns } = which === 'shipped' ? plain : await embedding.whitened(plain, RIDGE);
    const index = new SearchIndex<number>(columns);
    for (let i = 0; i < rows; i++) index.add(i, data.subarray(i * columns, (i + 1) * columns));
    return { title, index };
  };
  const both = [
    await searched('Trained here', await encoder.write()),
    await searched('Shipped with bagssl', 'shipped'),
  ];

  const name = (i: number) => set.files?.[i] ?? `Picture ${i + 1}`;
  const asked = make('div', { className: 'query' });
  const found = make('div', {});
  const title = make('h3', {});
  const buttons: HTMLButtonElement[] = [];
  const choose = async (button: HTMLButtonElement, i: number) => {
    for (const each of buttons) each.ariaPressed = String(each === button);
    title.textContent = `Most similar to ${name(i)}`;
    asked.replaceChildren(pictureCanvas(await set.image(i)));
    const lists = both.map(async ({ title, index }) => {
      const nearest = index.search(index.vector(i)!, NEAREST + 1).filter(({ id }) => id !== i);
      const items = nearest.slice(0, NEAREST).map(async ({ id, similarity }) => {
        const canvas = pictureCanvas(await set.image(id));
        canvas.role = 'img';
        canvas.ariaLabel = name(id);
        return make('li', {}, canvas, make('span', {}, similarity.toFixed(2)));
      });
      return [make('h4', {}, title), make('ol', { className: 'found' }, ...(await Promise.all(items)))];
    });
    found.replaceChildren(...(await Promise.all(lists)).flat());
  };
  for (let i = 0; i < both[0].index.size; i++) {
    const button = make('button', { type: 'button', className: 'picture', ariaLabel: name(i), ariaPressed: 'false' });
    button.append(pictureCanvas(await set.image(i)));
    await breath();
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
