import { createHash } from 'node:crypto';
import type { Embedder } from '../bag/embedder.ts';
import { FUNCTION, type Rules, SIGNAL } from '../base/options.ts';
import { decodedSet, reasonOf } from '../data/decoded-set.ts';
import { readImageFile } from '../data/image-folder.ts';
import type { SkippedFile } from '../data/image-set.ts';
import type { ListedImage } from '../data/list-images.ts';
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

/**
 * Embeds files into a store, and notes those that do not decode, so that they are not tried again until they change.
 * @returns those that could not be read this time, and may be the next
 */
export async function embedInto(
  store: IndexStore,
  images: readonly ListedImage[],
  embedder: Embedder,
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
  let waiting: Entry[] = [];
  let last = performance.now();
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
  };
  const write = async () => {
    await store.write(waiting);
    waiting = [];
    last = performance.now();
  };
  try {
    // An encoder in an .onnx file may see more detail than a picture is shrunk to otherwise.
    const { encoder } = embedder;
    const shortSide = 'notes' in encoder ? encoder.shortSide(encoder.placement) : undefined;
    const onWarning = (message: string, file: string) => void warnings.set(file, reasonOf(message, file));
    const set = decodedSet('the folder', sources, { cacheBytes: 0, shortSide, onWarning });
    for await (const { index, vector } of embedder.bags(set, { signal, onError, onProgress })) {
      note(index, { row: store.add(vector) });
      if (performance.now() - last > WRITE_EVERY) await write();
    }
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
