import type { ImageSet } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { openCamera } from './camera.ts';
import { count } from './count.ts';
import { make } from './dom.ts';
import { attempt } from './say.ts';

const SERIES_MS = 500;

/** What has been taken, and what ended it if that was not the user. */
export interface Stills {
  readonly set: ImageSet;
  readonly trouble?: Error;
}

/**
 * Takes pictures by the camera, one by one or in a series, until "Done" or until the camera ends by itself.
 * @throws Trouble where there is no camera
 */
export async function takeStills(place: HTMLElement): Promise<Stills> {
  const video = make('video', { muted: true, playsInline: true, ariaLabel: 'What the camera sees' });
  let done!: (trouble?: Error) => void;
  const over = new Promise<Error | undefined>((resolve) => {
    done = resolve;
  });
  const camera = await openCamera(video, done);
  const taken: Pixels[] = [];
  const tally = make('p', {}, 'No pictures yet. Take some 50 from many sides.');
  let last: Promise<void> | undefined;
  const still = () => {
    last = attempt(async () => {
      taken.push(await camera.still());
      tally.textContent = `${count(taken.length)} taken.`;
    });
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  const series = make('button', { type: 'button', ariaPressed: 'false' }, 'Two a second');
  series.onclick = () => {
    const on = timer === undefined;
    clearInterval(timer);
    timer = on ? setInterval(still, SERIES_MS) : undefined;
    series.ariaPressed = String(on);
  };
  const take = make('button', { type: 'button', className: 'main', onclick: still }, 'Take a picture');
  const end = make('button', { type: 'button', onclick: () => done() }, 'Done');
  place.replaceChildren(video, make('div', { className: 'row' }, take, series, end), tally);
  place.hidden = false;
  take.focus();
  const trouble = await over;
  clearInterval(timer);
  await last;
  camera.close();
  place.hidden = true;
  place.replaceChildren();
  const files = taken.map((_, i) => `still ${i + 1}`);
  const set = { name: 'stills of the camera', length: taken.length, files, image: (i: number) => taken[i] };
  return { set, trouble };
}
