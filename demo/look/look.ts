import type { PatchMap } from 'bagssl/embed';
import type { Pixels } from 'bagssl/patches';
import { breath } from '../common/breath.ts';
import { find, make } from '../common/dom.ts';
import { pictureCanvas } from '../common/draw.ts';
import { Embedding, type Which } from '../common/embedding.ts';
import { EncoderChoice } from '../common/encoder-choice.ts';
import { builtinPictures } from '../common/kept-pictures.ts';
import { sayCardStopped, startPage } from '../common/page.ts';
import { pictureSource } from '../common/picture-source.ts';
import { attempt, calm, count, say } from '../common/say.ts';
import { drawScale } from './similarity-map.ts';
import { Space } from './space.ts';
import { drawSpaces, type Shown } from './space-view.ts';
import { Stage } from './stage.ts';

/** How many pictures the page shows. */
const SHOWN = 12;
/** Patches across and down a picture. */
const ACROSS = 11;

const choice = new EncoderChoice(find('#encoder'), () => void look());
const side = find<HTMLInputElement>('#side');
const others = find<HTMLButtonElement>('#others');
const embedding = new Embedding(sayCardStopped);
const stage = new Stage(find('#stage'), (patch) => choose(chosen.picture, patch));
let pictures = builtinPictures();
/** The index of the first picture on the page. */
let from = 0;
let shown: readonly Pixels[] = [];
let maps: readonly (readonly PatchMap[])[] = [];
let view: Shown | undefined;
let chosen = { picture: 0, patch: (ACROSS * ACROSS) >> 1 };
/** Counts requests; work for an earlier one stops. */
let wish = 0;

const engine = startPage();
drawScale(find('#legend'));
pictureSource(find('#source'), async (taken) => {
  pictures = taken;
  from = 0;
  await look();
});
side.oninput = saySide;
side.onchange = () => void look();
others.onclick = () => {
  from = (from + SHOWN) % pictures.set.length;
  void look();
};
// A patch pressed there moves to the stage, and so does the keyboard focus; for a pointer the page does not scroll.
find('#spaces').onclick = ({ detail }) => find('#stage').focus({ preventScroll: detail > 0 });
saySide();
void look();

function saySide(): void {
  find('#side-said').textContent = `${side.value} % of the side`;
}

/** Embeds the patches of the pictures on the page and shows them. */
async function look(): Promise<void> {
  wish++;
  const mine = wish;
  calm();
  const wanted = () => mine === wish;
  await attempt(async () => {
    const encoder = await choice.open(embedding, engine, wanted);
    if (!encoder) return;
    const { set } = pictures;
    const some = await Promise.all(
      Array.from({ length: Math.min(SHOWN, set.length) }, (_, i) => set.image((from + i) % set.length)),
    );
    const scale = (Number(side.value) / 100) ** 2;
    const made: PatchMap[][] = [];
    for (const [i, picture] of some.entries()) {
      if (!wanted()) return;
      say(`Looking at picture ${i + 1} of ${some.length} …`);
      made.push(await embedding.patches(picture, { kind: 'grid', across: ACROSS, scales: [scale] }, false));
    }
    if (wanted()) await show(encoder.which, some, made, wanted);
  }, wanted);
}

async function show(
  encoder: Which,
  some: readonly Pixels[],
  made: readonly (readonly PatchMap[])[],
  wanted: () => boolean,
): Promise<void> {
  const features = encoder === 'own' ? (['embedding', 'projection'] as const) : (['embedding'] as const);
  const spaces = features.map(
    (feature, k) =>
      new Space(
        feature,
        made.map((map) => map[k].vectors),
      ),
  );
  const boxes = made.map(([map]) => map.boxes);
  const drawn = await drawSpaces(spaces, some, boxes, choose);
  const buttons: HTMLElement[] = [];
  for (const [i, picture] of some.entries()) {
    await breath();
    const button = make('button', { type: 'button', className: 'picture', ariaLabel: `Choose picture ${i + 1}` });
    button.append(pictureCanvas(picture));
    button.onclick = () => choose(i, chosen.patch);
    buttons.push(make('li', {}, button));
  }
  if (!wanted()) return;
  [shown, maps, view] = [some, made, drawn];
  const patches = (shown.length * ACROSS ** 2).toLocaleString('en');
  say(`${shown.length} of ${count(pictures.set.length)}, ${patches} patches.`);
  find('#looking').hidden = false;
  others.hidden = pictures.set.length <= SHOWN;
  const note = find('#encoder-note');
  note.hidden = encoder === 'own';
  note.textContent =
    'The shipped encoder has only an embedding. One that you train here also has a projection, and both are shown side by side.';
  find('#spaces').replaceChildren(...view.sections);
  find('#choice').replaceChildren(...buttons);
  choose(Math.min(chosen.picture, shown.length - 1), chosen.patch);
}

/** Shows where this patch is similar to others. */
function choose(picture: number, patch: number): void {
  chosen = { picture, patch };
  const [{ boxes }] = maps[picture];
  stage.show(shown[picture], boxes, patch);
  for (const [i, button] of find('#choice').querySelectorAll('button').entries()) {
    button.ariaPressed = String(i === picture);
  }
  const [column, row] = [patch % ACROSS, Math.floor(patch / ACROSS)];
  const told = view!.show(chosen);
  find('#told').textContent =
    `Picture ${picture + 1}, patch ${column + 1} from the left, ${row + 1} from the top. ${told}`;
}
