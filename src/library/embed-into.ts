import { createHash } from 'node:crypto';
import type { Embedder } from '../bag/embedder.ts';
import type { CreateEmbedderOptions } from '../bag/embedder-options.ts';
import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { FUNCTION, type Rules, SIGNAL } from '../base/options.ts';
import { decodedSet, reasonOf } from '../data/decoded-set.ts';
import { readImageFile } from '../data/image-folder.ts';
import type { SkippedFile } from '../data/image-set.ts';
import type { ListedImage } from '../data/list-images.ts';
import { subsetOf } from '../data/subset.ts';
import type { Entry, IndexStore } from './index-store.ts';

/** How an index is brought up to date with its folder. */
export interface SyncOptions {
  /** Called after each picture that is embedded: how many are done, of how many that are new or changed. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops with `aborted` before the next picture; those done are kept. */
  readonly signal?: AbortSignal;
}

export const SYNC_RULES: Rules<SyncOptions> = { onProgress: FUNCTION, signal: SIGNAL };

/** The work that a killed process loses at most, in ms, but for the pictures at hand. */
const WRITE_EVERY = 2000;
/** Neighbours that one embedder gets: those of one shape are encoded together. */
export const NEIGHBOURS = 32;

/**
 * Embeds files into a store, and notes those that do not decode, so that they are not tried again until they change.
 * @param embedders share the files
 * @returns how many were embedded, and those that could not be read this time, and may be the next: of these nothing is known any more
 */
export async function embedInto(
  store: IndexStore,
  images: readonly ListedImage[],
  embedders: readonly Embedder[],
  { onProgress, signal, decoderUrl }: SyncOptions & Pick<CreateEmbedderOptions, 'decoderUrl'>,
): Promise<{ embedded: number; unread: SkippedFile[] }> {
  const digests: string[] = [];
  const sources = images.map((image, index) => ({
    file: image.file,
    async read() {
      const bytes = await readImageFile(image);
      digests[index] = digestOf(bytes);
      return bytes;
    },
  }));
  const unread: SkippedFile[] = [];
  /** By file: what is wrong with one that decodes. */
  const warnings = new Map<string, string>();
  const waiting: Entry[] = [];
  let done = 0;
  let embedded = 0;
  const note = (index: number, found: Pick<Entry, 'row' | 'reason'>) => {
    const { file, size, modified } = images[index];
    const warning = found.row === undefined ? undefined : warnings.get(file);
    waiting.push({ file, size, time: modified, digest: digests[index], ...found, ...(warning && { warning }) });
    warnings.delete(file);
  };
  const onError = (error: Error, index: number) => {
    const { file } = images[index];
    const reason = reasonOf(error, file);
    // What no decoder is installed for may be read the next time too.
    const lacks = /\bnpm install /.test(reason);
    if (digests[index] === undefined || lacks) unread.push({ file, reason });
    else note(index, { reason });
    done++;
    // No vector comes of a picture that cannot be read, after which this would be asked otherwise.
    checkAborted(signal, STOPPED);
  };
  let last = performance.now();
  /** One after the other. */
  let writing = Promise.resolve();
  const write = () => {
    writing = writing.then(() => store.write(waiting.splice(0)));
    last = performance.now();
    return writing;
  };
  // An encoder in an .onnx file may see more detail than a picture is shrunk to otherwise.
  const { encoder } = embedders[0];
  const shortSide = 'notes' in encoder ? encoder.shortSide(encoder.placement) : undefined;
  const onWarning = (message: string, file: string) => void warnings.set(file, reasonOf(message, file));
  const set = decodedSet('the folder', sources, { cacheBytes: 0, shortSide, onWarning, decoderUrl });
  let failed = false;
  const embed = async (embedder: Embedder, place: number) => {
    const mine = [...images.keys()].filter((index) => Math.floor(index / NEIGHBOURS) % embedders.length === place);
    const told = { signal, onError: (error: Error, index: number) => onError(error, mine[index]) };
    for await (const { index, vector } of embedder.bags(subsetOf(set, mine), told)) {
      if (failed) return;
      note(mine[index], { row: store.add(vector) });
      embedded++;
      onProgress?.(++done, images.length);
      if (performance.now() - last > WRITE_EVERY) await write();
    }
  };
  try {
    const each = embedders.map((embedder, place) =>
      embed(embedder, place).catch((error) => {
        failed = true;
        throw error;
      }),
    );
    const ended = await Promise.allSettled(each);
    const fault = ended.find((one) => one.status === 'rejected')?.reason;
    // An embedder counts its own pictures alone.
    if (fault?.code === 'aborted') {
      const far = `${done} of ${images.length} pictures are done and kept`;
      throw new BagsslError('aborted', `${STOPPED} ${far}.`, { cause: fault });
    }
    if (fault) throw fault;
  } finally {
    await write();
  }
  const stale = unread.flatMap(({ file }) => (store.entries.has(file) ? file : []));
  if (stale.length > 0) await store.write([], stale);
  return { embedded, unread };
}

const STOPPED = 'Indexing was stopped.';

/** The moved files that are written at a time: all are read again if the process ends before. */
const MOVED_AT_ONCE = 500;

/**
 * Notes in a store the files whose bytes it knows under another name, or of another time. Only those of a size that it knows are read.
 * @returns their names
 * @throws BagsslError `aborted`
 */
export async function noteMoved(
  store: IndexStore,
  fresh: readonly ListedImage[],
  signal?: AbortSignal,
): Promise<Set<string>> {
  const known = [...store.entries.values()].filter(({ row }) => row !== undefined);
  const sizes = new Set(known.map(({ size }) => size));
  const byDigest = new Map(known.map((entry) => [entry.digest, entry]));
  const names = new Set<string>();
  const moved: Entry[] = [];
  for (const image of fresh) {
    checkAborted(signal, 'Comparing files that may have been moved was stopped.');
    if (!sizes.has(image.size)) continue;
    const bytes = await readImageFile(image).catch(() => undefined);
    const digest = bytes && digestOf(bytes);
    const entry = digest === undefined ? undefined : byDigest.get(digest);
    if (!entry) continue;
    moved.push({ ...entry, file: image.file, time: image.modified });
    names.add(image.file);
    if (moved.length === MOVED_AT_ONCE) await store.write(moved.splice(0));
  }
  await store.write(moved);
  return names;
}

/** 128 bits of SHA-256. */
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
