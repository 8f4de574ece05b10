import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { given, givenParts } from '../base/options.ts';
import { VERSION } from '../base/version.ts';
import type { ImageSet } from '../data/image-set.ts';
import { checkImageSet } from '../data/image-set.ts';
import { blockOf, partOf } from '../data/subset.ts';
import { npyHeader } from '../formats/npy.ts';
import type { Embedder, EmbedOptions } from './embedder.ts';

export interface EmbedToFileOptions extends Pick<EmbedOptions, 'placement' | 'signal' | 'onProgress'> {
  /** Gets the finished .npy file, such as to convert it, and takes it away; default: it gets the name `file`. */
  readonly finish?: (part: string) => Promise<void>;
}

export interface EmbeddedFile {
  /** Vectors in the file. */
  readonly rows: number;
  /** Of these, what an earlier call had done before it ended. */
  readonly resumed: number;
}

/**
 * Writes the bag of every image to `file`, a .npy matrix of float32, [images, width], a block of images at a time. Until it is
 * whole it lies in `file`.part; a call that ended halfway, however it ended, is gone on with by the next one of the same weights,
 * placement, images and engine, to the same bits. Images are told apart by their set's name, number, ids and files. For Node and Deno.
 * @throws BagsslError `aborted`, what is done is kept; `not-saved`; what `Embedder.bags` throws
 */
export async function embedToFile(
  embedder: Embedder,
  images: ImageSet,
  file: string,
  { placement, signal, onProgress, finish = (part) => rename(part, file) }: EmbedToFileOptions = {},
): Promise<EmbeddedFile> {
  givenParts(embedder, 'embedder', 'width', 'bags');
  checkImageSet(images, 'images');
  given(typeof file === 'string', file, 'file', 'a path');
  const part = `${file}.part`;
  const journal = `${part}.json`;
  const header = npyHeader([images.length, embedder.width]);
  const size = (rows: number) => header.length + 4 * rows * embedder.width;
  const run = fingerprint(embedder, images, placement);
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
      `Embedding was stopped; ${done} of ${images.length} images are done and kept in "${part}", and the same call goes on.`,
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
function fingerprint({ options, feature, engine }: Embedder, images: ImageSet, placement: unknown): string {
  const hash = createHash('sha256');
  const { model, recipe, precision, weights } = options;
  const { name, length, ids, files } = images;
  const told = { VERSION, model, recipe, precision, feature, placement: placement ?? options.placement, engine };
  // An encoder's .onnx file is told by its digest.
  const digest = (_: string, value: unknown) =>
    value instanceof Uint8Array ? createHash('sha256').update(value).digest('hex') : value;
  hash.update(JSON.stringify({ ...told, images: { name, length, ids: ids && Array.from(ids), files } }, digest));
  for (const [tensor, { buffer, byteOffset, byteLength }] of Object.entries(weights)) {
    hash.update(tensor).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
