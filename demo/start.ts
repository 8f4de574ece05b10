import { SearchIndex } from 'bagssl';
import { findDuplicates } from 'bagssl/embed';
import { breath } from './common/breath.ts';
import { find, make } from './common/dom.ts';
import { Embedding, type Which } from './common/embedding.ts';
import { EncoderChoice } from './common/encoder-choice.ts';
import { Trouble } from './common/explain.ts';
import { builtinPictures } from './common/kept-pictures.ts';
import { sayCardStopped, startPage } from './common/page.ts';
import { pictureSource } from './common/picture-source.ts';
import { attempt, calm, count, say } from './common/say.ts';
import { Answer, NEAREST } from './find/answer.ts';
import { showGroups } from './find/groups.ts';
import { PictureGrid, thumbnailSide } from './find/picture-grid.ts';
import { centredIndex } from './find/vectors.ts';

/** The most pictures that are indexed, and the sample that is shown at first. */
const MOST = 500;
const SAMPLE = 60;
/** Every so many pictures the page tells how far it is. */
const SAID = 10;

const embedding = new Embedding(sayCardStopped);
const engine = startPage();
const choice = new EncoderChoice(find('#encoder'), () => void index());
const grid = new PictureGrid(find('#grid'), (picture) => void attempt(() => ask(picture)));
const answer = new Answer(find('#answer'), embedding, (picture) => void attempt(() => ask(picture)));
const modes = { similar: find<HTMLButtonElement>('#similar'), duplicates: find<HTMLButtonElement>('#duplicates') };
const learn = find<HTMLButtonElement>('#learn');
let pictures = builtinPictures(SAMPLE);
let opened: Which | undefined;
/** The vectors of the pictures that have been indexed, by their place. */
let vectors: Float32Array[] = [];
/** How many are indexed, and the one that was asked last. */
let total = 0;
let asked: number | undefined;
/** The encoders that have learnt from the pictures. */
let learnt: HTMLOptionElement[] = [];
/** Counts requests; work for an earlier one stops. */
let wish = 0;

pictureSource(
  find('#source'),
  async (taken) => {
    pictures = taken;
    for (const option of learnt) option.text = 'learnt here, from other pictures';
    learnt = [];
    await index();
  },
  { sample: SAMPLE, most: MOST, onModel: (name, bytes) => void choice.offer(name, bytes) },
);
for (const [mode, button] of Object.entries(modes)) button.onclick = () => show(mode as keyof typeof modes);
learn.onclick = () => {
  const mine = wish;
  void attempt(adapt, () => mine === wish);
};
void index();

/** Embeds the pictures in the background; each can be asked as soon as it is in the grid. */
async function index(): Promise<void> {
  wish++;
  const mine = wish;
  const wanted = () => mine === wish;
  calm();
  vectors = [];
  asked = undefined;
  answer.hide();
  total = Math.min(MOST, pictures.set.length);
  show('similar');
  grid.start(total);
  allowLearning(false);
  await attempt(() => embedAll(wanted), wanted);
  if (!wanted()) return;
  grid.end();
  allowLearning(vectors.length === total);
}

async function embedAll(wanted: () => boolean): Promise<void> {
  const encoder = await choice.open(embedding, engine, wanted);
  if (!encoder) return;
  opened = encoder.which;
  const { set } = pictures;
  const side = thumbnailSide();
  for (let i = 0; i < total; i++) {
    const { vector, thumbnail } = await embedding.seen(await set.image(i), side);
    if (!wanted()) return;
    vectors.push(vector);
    grid.add(thumbnail, nameOf(i));
    if ((i + 1) % SAID === 0) say(`${i + 1} of ${count(total)} indexed.`);
  }
  const left = set.length - total;
  say(
    `${count(total)} indexed${left > 0 ? `; the other ${left} were left out` : ''}. Press one to find what is like it.`,
  );
  await breath();
  if (!wanted()) return;
  if (modes.duplicates.ariaPressed === 'true') show('duplicates');
  else if (total >= 2) await ask(asked ?? 0, false);
}

/** Learning takes all pictures, so it waits until they are indexed. */
function allowLearning(allowed: boolean): void {
  learn.disabled = !allowed;
  find('#why').hidden = allowed;
}

const nameOf = (i: number) => pictures.set.files?.[i] ?? `picture ${i + 1}`;

/** Shows the pictures most like one of them. */
async function ask(picture: number, scroll = true): Promise<void> {
  if (!vectors[picture]) return;
  asked = picture;
  const mine = wish;
  show('similar');
  grid.mark(picture);
  const { similar } = searchable();
  const found = similar.search(similar.vector(picture)!, NEAREST + 1).filter(({ id }) => id !== picture);
  const shown = async (id: number, similarity?: number) => ({
    ...{ picture: id, name: nameOf(id), similarity },
    pixels: await pictures.set.image(id),
  });
  const all = await Promise.all([shown(picture), ...found.map(({ id, similarity }) => shown(id, similarity))]);
  if (mine === wish && asked === picture) await answer.show(all, scroll);
}

/** Adapts the encoder to the pictures, and chooses what it has become. */
async function adapt(): Promise<void> {
  const mine = wish;
  calm();
  learn.disabled = true;
  try {
    const all = await Promise.all(vectors.map((_, i) => pictures.set.image(i)));
    const adapted = await embedding.adapt(all, (stage, share) => {
      if (mine === wish) say(`Learning: ${stage}, ${Math.round(100 * share)} %`);
    });
    if (mine !== wish) return;
    if ('reason' in adapted) throw new Trouble(adapted.reason, 'The encoder stays as it was.');
    learnt.push(choice.offer('learnt here, from these pictures', adapted.file));
  } finally {
    if (mine === wish) learn.disabled = false;
  }
}

/** An index to search by; vectors that were not whitened share most of their length, which is taken off. */
function searchable(): { similar: SearchIndex<number>; plain: SearchIndex<number> } {
  const plain = new SearchIndex<number>(vectors[0].length);
  vectors.forEach((vector, i) => {
    plain.add(i, vector);
  });
  return { plain, similar: opened === 'shipped' ? plain : centredIndex(vectors) };
}

/** Switches between similar pictures and duplicates. */
function show(mode: keyof typeof modes): void {
  for (const [name, button] of Object.entries(modes)) button.ariaPressed = String(name === mode);
  find('#groups').hidden = mode !== 'duplicates';
  find('#asked').hidden = mode !== 'similar';
  if (mode !== 'duplicates') return;
  if (vectors.length < total) {
    find('#groups').replaceChildren(make('p', { className: 'note' }, 'Shown after all pictures are indexed.'));
    return;
  }
  const groups = vectors.length > 1 ? findDuplicates(searchable().plain) : [];
  void attempt(() => showGroups(find('#groups'), groups, pictures.set, nameOf));
}
