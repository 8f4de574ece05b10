import { find } from '../common/dom.ts';
import { Embedding } from '../common/embedding.ts';
import { EncoderChoice } from '../common/encoder-choice.ts';
import { builtinPictures } from '../common/kept-pictures.ts';
import { type Camera, openCamera } from '../common/live-camera.ts';
import { sayCardStopped, startPage } from '../common/page.ts';
import { pictureSource } from '../common/picture-source.ts';
import { attempt, calm, complain, count, say } from '../common/say.ts';
import { keepVectors, keptVectors, MOST, vectorsOf } from '../common/vectors.ts';
import { FOUND, FoundList } from './found-list.ts';
import { Gallery } from './gallery.ts';

const go = find<HTMLButtonElement>('#go');
const video = find<HTMLVideoElement>('#video');
const live = find('#live');
const embedding = new Embedding(sayCardStopped);
const found = new FoundList(find('#found'));
const engine = startPage();
const choice = new EncoderChoice(find('#encoder'), () => void learnPictures());
let pictures = builtinPictures();
let gallery: Gallery | undefined;
let camera: Camera | undefined;
/** The user wants the camera; it may be off while the page is hidden. */
let watching = false;
/** The camera was requested and has not opened yet: if requested twice, the first would never be released. */
let asked = false;
/** Counts requests for a gallery; work for an earlier one stops. */
let wish = 0;
let frames = 0;
let pace = 0;

pictureSource(
  find('#source'),
  async (taken) => {
    pictures = taken;
    await learnPictures();
  },
  { most: MOST },
);
go.onclick = () => void (watching ? rest() : attempt(start));
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'hidden') close();
  else if (watching) void attempt(start);
});
addEventListener('pagehide', close);
void learnPictures();

/** Embeds the pictures, so that they can be found. */
async function learnPictures(): Promise<void> {
  wish++;
  const mine = wish;
  const wanted = () => mine === wish;
  gallery = undefined;
  found.clear();
  find('#known').textContent = 'Looking at the pictures first …';
  go.disabled = !watching;
  calm();
  const learn = async () => {
    const opened = await choice.open(embedding, engine, wanted);
    if (!opened) return;
    const { set, id } = pictures;
    const of = `${id}, encoder ${opened.fingerprint}`;
    const kept = await keptVectors(of);
    const vectors =
      kept ??
      (await vectorsOf(set, embedding.bag, (done, total) => {
        if (wanted() && done % 20 === 0) say(`Looked at ${done} of ${count(total)}.`);
        return wanted();
      }));
    if (!vectors || !wanted()) return;
    if (!kept) void keepVectors(of, vectors).catch(() => undefined); // otherwise they are embedded again
    gallery = new Gallery(vectors);
    go.disabled = false;
    const { size } = gallery;
    find('#known').textContent = size < set.length ? `Finds the first ${count(size)}.` : `Finds ${count(size)}.`;
    say('Ready.');
  };
  await attempt(learn, wanted);
  if (wanted() && !gallery) find('#known').textContent = '';
}

async function start(): Promise<void> {
  calm();
  watching = true;
  if (asked) return;
  asked = true;
  try {
    camera = await openCamera(video, (trouble) => {
      rest();
      complain(trouble);
    });
  } catch (error) {
    rest();
    throw error;
  } finally {
    asked = false;
  }
  if (!watching || document.visibilityState === 'hidden') return close();
  live.hidden = false;
  go.textContent = 'Stop the camera';
  try {
    await watch(camera);
  } catch (error) {
    rest();
    throw error;
  }
}

/** Embeds one frame after another until the camera changes or closes. */
async function watch(open: Camera): Promise<void> {
  let last = performance.now();
  while (camera === open) {
    await new Promise(requestAnimationFrame);
    if (camera !== open || !gallery) {
      last = performance.now();
      continue;
    }
    const started = performance.now();
    const vector = await embedding.bag(await open.still());
    const now = performance.now();
    if (camera !== open || !gallery) continue;
    await found.show(pictures.set, gallery.nearest(vector, FOUND));
    frames++;
    pace = pace ? 0.9 * pace + 0.1 * (now - last) : now - last;
    last = now;
    find('#frames').textContent = frames.toLocaleString('en');
    find('#took').textContent = Math.round(now - started).toString();
    find('#pace').textContent = (1000 / pace).toFixed(1);
  }
}

function close(): void {
  camera?.close();
  camera = undefined;
}

function rest(): void {
  watching = false;
  close();
  found.clear();
  live.hidden = true;
  go.textContent = 'Start the camera';
  go.disabled = !gallery;
}
