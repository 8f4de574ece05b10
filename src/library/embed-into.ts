import { createHash } from 'node:crypto';
import type { Embedder } from '../bag/embedder.ts';
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
const NEIGHBOURS = 32;

/**
 * Embeds files into a store, and notes those that do not decode, so that they are not tried again until they change.
 * @param embedders share the files
 * @returns those that could not be read this time, and may be the next
 */
export async function embedInto(
  store: IndexStore,
  images: readonly ListedImage[],
  embedders: readonly Embedder[],
  { onProgress, signal }: SyncOptions,
): Promise<SkippedFile[]> {
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
    const lacks = /; npm install /.test(reason);
    if (digests[index] === undefined || lacks) unread.push({ file, reason });
    else note(index, { reason });
    done++;
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
  const set = decodedSet('the folder', sources, { cacheBytes: 0, shortSide, onWarning });
  let failed = false;
  const embed = async (embedder: Embedder, place: number) => {
    const mine = [...images.keys()].filter((index) => Math.floor(index / NEIGHBOURS) % embedders.length === place);
    const told = { signal, onError: (error: Error, index: number) => onError(error, mine[index]) };
    for await (const { index, vector } of embedder.bags(subsetOf(set, mine), told)) {
      if (failed) return;
      note(mine[index], { row: store.add(vector) });
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
    const fault = ended.find(({ status }) => status === 'rejected');
    if (fault) throw (fault as PromiseRejectedResult).reason;
  } finally {
    await write();
  }
  return unread;
}

/** Files whose bytes a store knows under another name. Only those of a size that it knows are read. */
export async function movedOf(fresh: readonly ListedImage[], store: IndexStore): Promise<Entry[]> {
  const known = [...store.entries.values()].filter(({ row }) => row !== undefined);
  const sizes = new Set(known.map(({ size }) => size));
  const byDigest = new Map(known.map((entry) => [entry.digest, entry]));
  const moved: Entry[] = [];
  for (const image of fresh) {
    if (!sizes.has(image.size)) continue;
    const bytes = await readImageFile(image).catch(() => undefined);
    const digest = bytes && digestOf(bytes);
    const entry = digest === undefined ? undefined : byDigest.get(digest);
    if (entry) moved.push({ ...entry, file: image.file, time: image.modified });
  }
  return moved;
}

/** 128 bits of SHA-256. */
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
