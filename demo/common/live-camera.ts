import { type ImageSet, pixelsFrom } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { make } from './dom.ts';
import { cameraTrouble } from './explain.ts';
import { attempt, count } from './say.ts';

/** A live camera. */
export interface Camera {
  /** The current frame; layout `rgba`. */
  still(): Promise<Pixels>;
  /** Releases the camera, so that its light goes out. */
  close(): void;
}

/**
 * Asks for the camera, the one facing away from the user if there are two, and shows it in a video.
 * @param onEnd called when the camera ends by itself, such as when it is unplugged; it is closed by then
 * @throws Trouble that says why there is no camera
 */
export async function openCamera(video: HTMLVideoElement, onEnd: (trouble: Error) => void): Promise<Camera> {
  const { mediaDevices } = navigator;
  if (!mediaDevices?.getUserMedia) throw cameraTrouble('insecure');
  let stream: MediaStream;
  try {
    stream = await mediaDevices.getUserMedia({
      video: { facingMode: 'environment', width: { ideal: 640 }, height: { ideal: 480 } },
    });
  } catch (cause) {
    throw cameraTrouble((cause as DOMException).name, cause);
  }
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  const ended = () => {
    close();
    onEnd(cameraTrouble('ended'));
  };
  for (const track of stream.getTracks()) track.onended = ended; // not called when `close` stops it
  video.srcObject = stream;
  video.muted = true;
  video.playsInline = true;
  try {
    await video.play();
  } catch (cause) {
    close();
    throw cameraTrouble((cause as DOMException).name, cause);
  }
  return { still: () => pixelsFrom(video), close };
}

const SERIES_MS = 500;

/** The pictures taken, and why the camera ended if the user did not end it. */
export interface Stills {
  readonly set: ImageSet;
  readonly trouble?: Error;
}

/**
 * Takes pictures with the camera, one by one or in a series, until "Done" or until the camera ends by itself.
 * @throws Trouble if there is no camera
 */
export async function takeStills(place: HTMLElement): Promise<Stills> {
  const video = make('video', { muted: true, playsInline: true, ariaLabel: 'What the camera sees' });
  let done!: (trouble?: Error) => void;
  const over = new Promise<Error | undefined>((resolve) => {
    done = resolve;
  });
  const camera = await openCamera(video, done);
  const taken: Pixels[] = [];
  const tally = make('p', {}, 'No pictures yet. Take about 50, from different angles.');
  let last: Promise<void> | undefined;
  const still = () => {
    last = attempt(async () => {
      taken.push(await camera.still());
      tally.textContent = `${count(taken.length)} taken.`;
    });
  };
  let timer: ReturnType<typeof setInterval> | undefined;
  const series = make('button', { type: 'button', ariaPressed: 'false' }, 'Two per second');
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
  const set = { name: 'camera pictures', length: taken.length, files, image: (i: number) => taken[i] };
  return { set, trouble };
}
