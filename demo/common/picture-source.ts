import type { ImageSet } from 'bagssl/data';
import { make } from './dom.ts';
import { Trouble } from './explain.ts';
import { type Chosen, chosenFiles, droppedFiles } from './gather.ts';
import { forgetAll } from './kept-files.ts';
import { builtinPictures, keepPictures, keptPictures, ownPictures, type Pictures, SCENES } from './kept-pictures.ts';
import { takeStills } from './live-camera.ts';
import { readPictures } from './reading.ts';
import { attempt, calm, complain, count, say } from './say.ts';

/** The most refused files listed by name; the rest are counted. */
const MOST_REFUSED = 50;

/** What a page wants beside pictures. */
interface SourceOptions {
  /** How many built-in scenes there are; default as many as are learnt from. */
  readonly sample?: number;
  /** The most chosen pictures that are read; default as many as are learnt from. */
  readonly most?: number;
  /** Takes an .onnx file that is dropped or chosen. */
  readonly onModel?: (name: string, bytes: Uint8Array) => void;
}

/**
 * The part of a page that provides pictures: dropped or chosen files and folders, the camera, the built-in scenes, or the
 * pictures used last, which are taken immediately. Chosen pictures are kept for the other demos.
 * @param take called with the pictures used last, if any, and whenever others are chosen
 */
export function pictureSource(
  place: HTMLElement,
  take: (pictures: Pictures, chosen: boolean) => void,
  { sample, most = SCENES, onModel }: SourceOptions = {},
): void {
  /** Numbers the choices in the order they were made; `latest` is the last of pictures, and work for an earlier one stops. */
  let choices = 0;
  let latest = 0;
  /** One set of pictures is kept at a time, so that the latest is the last. */
  let keeping: Promise<void> = Promise.resolve();
  const refused = make('div', { className: 'refused' });
  const progress = make('progress', { hidden: true, ariaLabel: 'Reading pictures' });
  const stills = make('div', { className: 'stills', hidden: true });
  const forget = make('button', { type: 'button', className: 'link', hidden: true }, 'Forget pictures and training');
  forget.onclick = () =>
    void attempt(async () => {
      if (!confirm('Remove the pictures and everything learned from them from this browser?')) return;
      await forgetAll();
      location.reload();
    });
  const camera = make('button', { type: 'button', onclick: () => void attempt(useCamera) }, 'Use the camera');
  const zone = make(
    'div',
    { className: 'drop' },
    make('p', { className: 'drop-hint' }, 'Drop pictures or a folder here, or'),
    make(
      'div',
      { className: 'row' },
      fileInput('Choose pictures', {
        multiple: true,
        accept: `image/jpeg,image/png,image/webp${onModel ? ',.onnx' : ''}`,
      }),
      fileInput('Choose a folder', { webkitdirectory: true }),
      camera,
      make('button', { type: 'button', onclick: () => void useScenes() }, 'Use built-in scenes'),
    ),
    progress,
    stills,
  );
  place.replaceChildren(zone, refused, forget);
  acceptDrops(zone, (files) => void attempt(() => open(files)));
  void attempt(async () => {
    const kept = await keptPictures().catch(() => undefined); // damaged: treated as none
    if (kept && latest === 0) {
      take(kept, false);
      forget.hidden = false;
      say(`${count(kept.set.length)} from last time.`);
    }
  });

  function fileInput(text: string, properties: Partial<HTMLInputElement>): HTMLLabelElement {
    const input = make('input', { type: 'file', className: 'hidden', ...properties });
    input.addEventListener('change', () => {
      const files = chosenFiles(input.files ?? []);
      input.value = ''; // so that choosing the same files fires again
      if (files.length > 0) void attempt(() => open(Promise.resolve(files)));
    });
    return make('label', { className: 'button' }, text, input);
  }

  async function open(files: Promise<readonly Chosen[]>): Promise<void> {
    choices++;
    const mine = choices;
    calm();
    // A folder's hidden and system files are not mistakes of the user: leave them out silently.
    const seen = (await files).filter(({ name }) => !/(^|\/)(\.|Thumbs\.db$|desktop\.ini$)/.test(name));
    const models = onModel ? seen.filter(({ name, file }) => /\.onnx$/i.test(name) && file instanceof Blob) : [];
    const visible = seen.filter((one) => !models.includes(one));
    for (const { name, file } of models) onModel!(name, new Uint8Array(await (file as Blob).arrayBuffer()));
    if (visible.length === 0 && models.length > 0) return;
    if (visible.length === 0) throw new Trouble('No pictures were found.', 'Choose JPEG, PNG or WebP files.');
    if (mine < latest) return;
    latest = mine;
    const read = visible.length > most ? visible.sort(picturesFirst).slice(0, most) : visible;
    refused.replaceChildren();
    progress.max = read.length;
    progress.value = 0;
    progress.hidden = false;
    say(`Reading ${count(read.length, 'file')} …`);
    try {
      const set = await readPictures(read, (done) => {
        if (mine === latest) progress.value = done;
      });
      if (mine !== latest) return;
      list(set.skipped ?? [], visible.length - read.length);
      await use(ownPictures(set), mine);
    } catch (error) {
      if (mine === latest) throw error;
    } finally {
      if (mine === latest) progress.hidden = true;
    }
  }

  function useScenes(): Promise<void> {
    choices++;
    latest = choices;
    progress.hidden = true;
    refused.replaceChildren();
    return use(builtinPictures(sample), latest);
  }

  async function use(pictures: Pictures, mine: number): Promise<void> {
    take(pictures, true);
    const left = pictures.set.skipped?.length ?? 0;
    say(`${count(pictures.set.length)} ready${left ? `, ${count(left, 'file')} left out` : ''}.`);
    const wanted = () => mine === latest;
    keeping = keeping.then(async () => {
      try {
        await keepPictures(pictures, wanted);
        if (wanted()) forget.hidden = false;
      } catch (error) {
        if (wanted()) complain(error);
      }
    });
    await keeping;
  }

  /** Tells which files were refused, and how many were beyond the most that are read. */
  function list(skipped: NonNullable<ImageSet['skipped']>, beyond: number): void {
    const rest = `${count(beyond, 'more file')} left out: this page reads at most ${count(most, 'file')}.`;
    refused.replaceChildren(...(beyond ? [make('p', { className: 'note' }, rest)] : []));
    if (skipped.length === 0) return;
    const rows = skipped
      .slice(0, MOST_REFUSED)
      .map(({ file, reason }) => make('li', {}, make('strong', {}, file), `: ${reason}`));
    const unnamed = skipped.length - rows.length;
    if (unnamed > 0) rows.push(make('li', {}, `and ${unnamed} more`));
    const title = `${count(skipped.length, 'file')} left out because this browser cannot read them as pictures`;
    refused.append(make('details', {}, make('summary', {}, title), make('ul', {}, ...rows)));
  }

  async function useCamera(): Promise<void> {
    calm();
    camera.disabled = true;
    try {
      const { set, trouble } = await takeStills(stills);
      if (set.length > 0) {
        choices++;
        latest = choices;
        progress.hidden = true;
        refused.replaceChildren();
        await use(ownPictures(set), latest);
      }
      if (trouble) throw trouble;
    } finally {
      camera.disabled = false;
      camera.focus();
    }
  }
}

/** Files named as pictures before others, in the order of their names. */
function picturesFirst(a: Chosen, b: Chosen): number {
  const other = ({ name }: Chosen) => (/\.(jpe?g|png|webp)$/i.test(name) ? 0 : 1);
  return other(a) - other(b) || a.name.localeCompare(b.name, 'en', { numeric: true });
}

function acceptDrops(zone: HTMLElement, open: (files: Promise<readonly Chosen[]>) => void): void {
  // Also outside the zone, where the browser would leave the page and show the file.
  addEventListener('dragover', (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
  addEventListener('dragleave', (event) => {
    if (!event.relatedTarget) zone.classList.remove('over');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    zone.classList.remove('over');
    if (event.dataTransfer) open(droppedFiles(event.dataTransfer));
  });
}
