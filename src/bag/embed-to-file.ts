import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, given, givenParts, OBJECT, type Rules, SIGNAL } from '../base/options.ts';
import { VERSION } from '../base/version.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import { blockOf, partOf } from '../data/subset.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import { npyHeader } from '../formats/npy.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';

export interface EmbedToFileOptions extends Pick<EmbedOptions, 'placement' | 'signal' | 'onProgress'> {
  /** Receives the path of the finished .npy file and must move or convert it; default: it is renamed to `file`. */
  readonly finish?: (part: string) => Promise<void>;
}

const RULES: Rules<EmbedToFileOptions> = { placement: OBJECT, signal: SIGNAL, onProgress: FUNCTION, finish: FUNCTION };

export interface EmbeddedFile {
  /** Vectors in the file. */
  readonly rows: number;
  /** How many of these an earlier call had written before it ended. */
  readonly resumed: number;
}

/**
 * Writes the bag of every image to `file`, a .npy matrix of float32, [images, width], a block of images at a time. Until the matrix
 * is whole it is in `file`.part. If a call ends early, however it ends, the next call with the same encoder, placement, images and
 * engine resumes it and gives the same bits. A set is known by its name, length, ids and files. For Node and Deno.
 * @throws BagsslError `aborted`, with what is done kept; `not-saved`; whatever `Embedder.bags` throws
 */
export async function embedToFile(
  embedder: Embedder,
  images: ImageSet,
  file: string,
  options: EmbedToFileOptions = {},
): Promise<EmbeddedFile> {
  givenParts(embedder, 'embedder', 'width', 'bags', 'encoder');
  checkImageSet(images, 'images');
  given(typeof file === 'string', file, 'file', 'a path');
  checkOptions('embedToFile', options, RULES);
  const { placement, signal, onProgress, finish = (part) => rename(part, file) } = options;
  const part = `${file}.part`;
  const journal = `${part}.json`;
  const header = npyHeader([images.length, embedder.width]);
  const size = (rows: number) => header.length + 4 * rows * embedder.width;
  const run = await fingerprint(embedder, images, placement);
  const resumed = await rowsDone(part, journal, run, size);
  const handle = await saving(part, async () => {
    if (resumed) await truncate(part, size(resumed));
    else await writeFile(part, header);
    return open(part, 'r+');
  });
  const idOf = (index: number) => images.ids?.[index] ?? index;
  let done = resumed;
  try {
    const left = partOf(images, resumed, images.length);
    const progress = (count: number) => onProgress?.(resumed + count, images.length);
    let block: Float32Array[] = [];
    for await (const { vector } of embedder.bags(left, { placement, signal, onProgress: progress })) {
      block.push(vector);
      const next = done + block.length;
      if (next < images.length && blockOf(idOf(next)) === blockOf(idOf(next - 1))) continue;
      await saving(part, async () => {
        await append(handle, block, size(done));
        await writeFile(`${journal}.new`, JSON.stringify({ run, rows: next }));
        await rename(`${journal}.new`, journal);
      });
      done = next;
      block = [];
    }
  } catch (error) {
    if (!(error instanceof BagsslError) || error.code !== 'aborted') throw error;
    throw new BagsslError(
      'aborted',
      `Embedding was stopped; ${done} of ${images.length} images are done and kept in "${part}". The same call resumes it.`,
      { cause: error },
    );
  } finally {
    await handle.close();
  }
  await saving(file, () => finish(part));
  await rm(journal, { force: true });
  return { rows: images.length, resumed };
}

async function saving<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new BagsslError('not-saved', `"${file}" could not be written: ${(cause as Error).message}.`, { cause });
  }
}

/** Rows at their place in the file, on the disk when it returns. */
async function append(handle: FileHandle, rows: readonly Float32Array[], at: number): Promise<void> {
  const all = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, k) => all.set(row, k * row.length));
  await handle.write(new Uint8Array(all.buffer), 0, all.byteLength, at);
  await handle.sync();
}

/** Rows that an earlier call of this very run has left behind. */
async function rowsDone(part: string, journal: string, run: string, size: (rows: number) => number): Promise<number> {
  try {
    const found = JSON.parse(await readFile(journal, 'utf8'));
    const { size: bytes } = await stat(part);
    const whole = found.run === run && Number.isSafeInteger(found.rows) && found.rows > 0 && bytes >= size(found.rows);
    return whole ? found.rows : 0;
  } catch {
    return 0;
  }
}

/** Everything that decides the bits, as one short text. */
async function fingerprint(embedder: Embedder, images: ImageSet, placement: BagPlacement | undefined): Promise<string> {
  const { encoder, precision, engine } = embedder;
  const { name, length, ids, files } = images;
  const told = {
    VERSION,
    encoder: await encoder.digest(),
    precision,
    placement: placement ?? encoder.placement,
    engine,
  };
  const set = { name, length, ids: ids && Array.from(ids), files };
  return createHash('sha256')
    .update(JSON.stringify({ ...told, images: set }))
    .digest('hex');
}
