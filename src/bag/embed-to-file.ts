import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, given, givenParts, OBJECT, type Rules, SIGNAL } from '../base/options.ts';
import { VERSION } from '../base/version.ts';
import { writeWhole } from '../base/write-whole.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import { noneReadable } from '../data/readable-set.ts';
import { blockOf, partOf, subsetOf } from '../data/subset.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import { npyHeader } from '../formats/npy.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';

export interface EmbedToFileOptions extends Pick<EmbedOptions, 'placement' | 'signal' | 'onProgress'> {
  /**
   * Receives the path of the finished .npy file and the images of its rows, and must move or convert it; default: it is renamed to
   * `file`, and the ids of the rows are written beside it.
   */
  readonly finish?: (part: string, rows: ImageSet) => Promise<void>;
}

const RULES: Rules<EmbedToFileOptions> = { placement: OBJECT, signal: SIGNAL, onProgress: FUNCTION, finish: FUNCTION };

export interface EmbeddedFile {
  /** Vectors in the file. */
  readonly rows: number;
  /** How many of these an earlier call had written before it ended. */
  readonly resumed: number;
  /** Images without a row, because they could not be read. */
  readonly skipped: readonly SkippedImage[];
}

/** An image that has no row. */
export interface SkippedImage {
  /** Its place in the set, from 0. */
  readonly index: number;
  /** What was wrong with it. */
  readonly reason: string;
}

/** What is done, beside an unfinished file. */
interface Journal {
  /** The fingerprint of the run. */
  readonly run: string;
  /** Images that have a row or were skipped. */
  readonly done: number;
  readonly skipped: readonly SkippedImage[];
}

/** Where the ids of a .npy file's rows are: `vectors.ids.json` for `vectors.npy`. */
export function idsFile(file: string): string {
  given(typeof file === 'string', file, 'file', 'a path');
  return `${file.replace(/\.npy$/i, '')}.ids.json`;
}

/**
 * Writes the bag of every image to `file`, a .npy matrix of float32, [images, width], a block of images at a time, and to
 * `idsFile(file)` a JSON array of what each row is: the image's file, or its number where it comes from none. An image that cannot be
 * read has no row. Until the matrix is whole it is in `file`.part. If a call ends early, however it ends, the next call with the
 * same encoder, placement, images and engine resumes it and gives the same bits. A set is known by its name, length, ids and
 * files. For Node and Deno.
 * @throws BagsslError `aborted`, with what is done kept; `not-saved`; `bad-data` if no image can be read; whatever `Embedder.bags`
 * throws
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
  const { placement, signal, onProgress, finish = finishNpy(file) } = options;
  const part = `${file}.part`;
  const journal = `${part}.json`;
  const header = (rows: number) => npyHeader([rows, embedder.width]);
  const size = (rows: number) => header(rows).length + 4 * rows * embedder.width;
  const run = await fingerprint(embedder, images, placement);
  const before = await earlier(journal, part, run, size);
  const skipped = [...before.skipped];
  const resumed = before.done - skipped.length;
  const handle = await saving(part, async () => {
    if (resumed) await truncate(part, size(resumed));
    else await writeFile(part, header(images.length));
    return open(part, 'r+');
  });
  const blockAt = (index: number) => blockOf(images.ids?.[index] ?? index);
  let { done } = before;
  let rows = resumed;
  let block: Float32Array[] = [];
  /** Writes what has come of the images before `next`. */
  async function keep(next: number): Promise<void> {
    await saving(part, async () => {
      if (block.length) await append(handle, block, size(rows));
      const news: Journal = { run, done: next, skipped: skipped.filter(({ index }) => index < next) };
      await writeFile(`${journal}.new`, JSON.stringify(news));
      await rename(`${journal}.new`, journal);
    });
    rows += block.length;
    done = next;
    block = [];
  }
  try {
    const left = partOf(images, done, images.length);
    const start = done;
    const bags = embedder.bags(left, {
      placement,
      signal,
      onProgress: (count) => onProgress?.(start + count, images.length),
      onError: ({ message }, index) => skipped.push({ index: start + index, reason: message }),
    });
    for await (const { vector, index } of bags) {
      const at = start + index;
      // Where the last image of a block was skipped, the next block's first one ends it.
      if (block.length && blockAt(at) !== blockAt(done)) await keep(firstOfBlock(blockAt, at));
      block.push(vector);
      if (at + 1 === images.length || blockAt(at + 1) !== blockAt(at)) await keep(at + 1);
    }
    if (done < images.length) await keep(images.length);
    if (rows === 0) throw noneReadable(images, skipped);
    await saving(part, () => writeWhole(handle, header(rows)));
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
  const without = new Set(skipped.map(({ index }) => index));
  const kept = Array.from({ length: images.length }, (_, index) => index).filter((index) => !without.has(index));
  await saving(file, () => finish(part, subsetOf(images, kept)));
  await rm(journal, { force: true });
  return { rows, resumed, skipped };
}

/** The first image of the block that this one is in. */
function firstOfBlock(blockAt: (index: number) => number, index: number): number {
  let first = index;
  while (first > 0 && blockAt(first - 1) === blockAt(index)) first--;
  return first;
}

const finishNpy = (file: string) => async (part: string, rows: ImageSet) => {
  const ids = rows.files ?? Array.from(rows.ids!);
  await writeFile(idsFile(file), `[\n${ids.map((id) => JSON.stringify(id)).join(',\n')}\n]\n`);
  await rename(part, file);
};

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
  await writeWhole(handle, new Uint8Array(all.buffer), at);
  await handle.sync();
}

/** What an earlier call of this very run has left behind. */
async function earlier(journal: string, part: string, run: string, size: (rows: number) => number): Promise<Journal> {
  const nothing = { run, done: 0, skipped: [] };
  try {
    const found: Journal = JSON.parse(await readFile(journal, 'utf8'));
    const rows = found.done - found.skipped.length;
    const { size: bytes } = await stat(part);
    const whole = found.run === run && Number.isSafeInteger(rows) && rows > 0 && bytes >= size(rows);
    return whole ? found : nothing;
  } catch {
    return nothing;
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
