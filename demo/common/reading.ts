import type { ImageSet } from 'bagssl/data';
import type { Pixels } from 'bagssl/patches';
import { proxy } from 'comlink';
import type { Answer } from './answer.ts';
import type { Chosen } from './gather.ts';
import { Link, type Startable } from './link.ts';

/** What the worker gives of a set of images: what can be posted. */
export interface ReadPictures extends Pick<ImageSet, 'files' | 'skipped'> {
  readonly pixels: readonly Pixels[];
}

/** What the worker answers. */
export interface ReadingFace extends Startable {
  read(files: readonly Chosen[], onProgress: (done: number) => void): Promise<Answer<ReadPictures>>;
}

/**
 * The pictures among files, decoded and shrunk in a worker: a camera's photograph takes a tenth of a second and more.
 * @throws BagsslError `bad-data` where none is a picture; `worker-failed`
 */
export async function readPictures(
  files: readonly Chosen[],
  onProgress: (done: number) => void = () => undefined,
): Promise<ImageSet> {
  const worker = new Worker(new URL('./reading.worker.js', import.meta.url), { type: 'module' });
  using link = new Link<ReadingFace>(worker, 'reads pictures');
  const { pixels, ...rest } = await link.ask(
    (face) => face.read(files, proxy(onProgress)) as Promise<Answer<ReadPictures>>,
  );
  return { ...rest, name: 'your pictures', length: pixels.length, image: (i) => pixels[i] };
}
