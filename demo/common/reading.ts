import type { ImageSet } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { proxy } from 'comlink';
import { type Answer, take } from '../../src/threads/answer.ts';
import { OwnedWorker, type Startable, type WorkerScript } from '../../src/threads/owned-worker.ts';
import type { Chosen } from './gather.ts';

/** A set of images as it is sent from the worker. */
export interface ReadPictures extends Pick<ImageSet, 'files' | 'skipped'> {
  readonly pixels: readonly Pixels[];
}

/** The worker, as its owner calls it. */
export interface ReadingWorker extends Startable {
  read(files: readonly Chosen[], onProgress: (done: number) => void): Promise<Answer<ReadPictures>>;
  jpeg(picture: Pixels): Promise<Answer<Blob>>;
}

const SCRIPT: WorkerScript = {
  name: 'worker that reads pictures',
  file: 'reading.worker.js',
  web: () => new Worker(new URL('./reading.worker.js', import.meta.url), { type: 'module' }),
};

/**
 * The pictures among files, decoded and shrunk in a worker: a camera's photograph takes a tenth of a second or more.
 * @throws BagsslError `bad-data` if none is a picture; `worker-failed`
 */
export async function readPictures(
  files: readonly Chosen[],
  onProgress: (done: number) => void = () => undefined,
): Promise<ImageSet> {
  const worker = new OwnedWorker<ReadingWorker>(SCRIPT);
  try {
    await worker.ready();
    const answer = await worker.call(
      (remote) => remote.read(files, proxy(onProgress)) as Promise<Answer<ReadPictures>>,
    );
    const { pixels, ...rest } = take(answer);
    return { ...rest, name: 'your pictures', length: pixels.length, image: (i) => pixels[i] };
  } finally {
    worker.terminate();
  }
}

/** The pictures of a set as JPEG, one after the other, encoded in a worker: on a page's own thread it would stop the page. */
export async function* jpegs(set: ImageSet): AsyncGenerator<Blob, void, void> {
  const worker = new OwnedWorker<ReadingWorker>(SCRIPT);
  try {
    await worker.ready();
    for (let i = 0; i < set.length; i++) {
      const picture = await set.image(i);
      yield take(await worker.call((remote) => remote.jpeg(picture) as Promise<Answer<Blob>>));
    }
  } finally {
    worker.terminate();
  }
}
