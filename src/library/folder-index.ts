import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmbedder } from '../bag/create-embedder.ts';
import type { Embedder } from '../bag/embedder.ts';
import { CREATE_EMBEDDER_RULES, type CreateEmbedderOptions } from '../bag/embedder-options.ts';
import { encoderFrom } from '../bag/encoder-source.ts';
import { laidOut } from '../bag/laid-out.ts';
import { ownEncoder } from '../bag/own-encoder.ts';
import { type Found, SearchIndex } from '../bag/search-index.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, given, oneOf, type Rules, TEXT } from '../base/options.ts';
import { isA } from '../base/values.ts';
import { noImages } from '../data/image-folder.ts';
import type { AnyImage } from '../data/image-from.ts';
import type { SkippedFile } from '../data/image-set.ts';
import { type ListedImage, listImages } from '../data/list-images.ts';
import { checkFolder } from '../data/open-data.ts';
import { byName, type FollowLinks } from '../data/walk-folder.ts';
import { lockFolder } from '../training/folder-lock.ts';
import { changesOf } from './changes.ts';
import { embedInto, noteMoved, SYNC_RULES, type SyncOptions } from './embed-into.ts';
import { embeddersInWorkers } from './embedders.ts';
import { type Entry, IndexStore } from './index-store.ts';

/** How a folder's index is opened: with which encoder, and where it is kept. */
export interface FolderIndexOptions extends Omit<CreateEmbedderOptions, keyof SyncOptions>, SyncOptions {
  /** The folder that keeps the index; default `.bagssl` in the folder of pictures. Encoders have an index each in it. */
  readonly place?: string;
  /** Symbolic links that are followed: default `inside`, those that stay in the folder; or `anywhere`. */
  readonly followLinks?: FollowLinks;
}

/** What bringing an index up to date has changed. */
export interface Synced {
  /** Pictures embedded: new or changed. */
  readonly embedded: number;
  /** Pictures whose bytes were known under another name: moved, renamed or copied. */
  readonly moved: number;
  /** Pictures as they were before. */
  readonly unchanged: number;
  /** Files that are gone. */
  readonly removed: number;
  /** What has no vector, and why. */
  readonly skipped: readonly SkippedFile[];
  /** What has a vector though something is wrong with the file, such as a JPEG that is cut short, and what that is. */
  readonly warnings: readonly SkippedFile[];
}

const RULES: Rules<FolderIndexOptions> = {
  ...CREATE_EMBEDDER_RULES,
  place: TEXT,
  followLinks: oneOf('inside', 'anywhere'),
};

/**
 * The index of a folder of photographs, at any depth: kept on disk, and brought up to date here. Only pictures that are new or have
 * changed are embedded; what is gone is dropped. Whatever ends the process, the index on disk stays whole, and the next call
 * continues. For Node and Deno.
 * @throws BagsslError `bad-data` for a folder without a usable picture, saying what it holds; `not-saved`; `run-busy` while another
 * process brings it up to date; `aborted`; whatever `createEmbedder` throws
 */
export async function openFolderIndex(folder: string, options: FolderIndexOptions = {}): Promise<FolderIndex> {
  given(typeof folder === 'string' && folder !== '', folder, 'folder', 'the path of a folder');
  checkOptions('openFolderIndex', options, RULES);
  const { place = join(folder, '.bagssl'), followLinks, onProgress, signal, onnx, ...embedding } = options;
  const encoder = await encoderFrom(embedding.encoder ?? ownEncoder(), { ...embedding, onnx, signal });
  const { placement = encoder.placement, layout } = embedding;
  // Refused before the folder is read.
  const laid = layout ? laidOut(encoder, layout) : encoder;
  if (embedding.placement) laid.with({ placement });
  const digest = createHash('sha256')
    .update(JSON.stringify([await encoder.digest(), placement, ...(layout ? [layout] : [])]))
    .digest('hex');
  const at = join(place, `index-${digest.slice(0, 16)}`);
  const open = (changed = {}) => createEmbedder({ ...embedding, encoder, ...changed });
  const { decoderUrl } = embedding;
  const index = new FolderIndex(folder, { place, at, digest, followLinks, decoderUrl }, open, (pictures) =>
    embeddersInWorkers(pictures, encoder, embedding, open),
  );
  try {
    await index.sync({ onProgress, signal });
    return index;
  } catch (error) {
    await index.dispose();
    throw error;
  }
}

interface Kept {
  /** The folder of all indexes. */
  readonly place: string;
  /** The folder of this one. */
  readonly at: string;
  /** Of all that decides a vector. */
  readonly digest: string;
  readonly followLinks?: FollowLinks;
  readonly decoderUrl?: URL | string;
}

/** A folder of photographs that can be searched; `openFolderIndex` opens one. */
export class FolderIndex implements AsyncDisposable {
  #index = new SearchIndex(1);
  #synced?: Synced;
  #embedder?: Promise<Embedder>;
  #disposed = false;

  /** For `openFolderIndex`. */
  constructor(
    /** Of the pictures. */
    readonly folder: string,
    private readonly kept: Kept,
    private readonly createEmbedder: () => Promise<Embedder>,
    /** For so many pictures; empty where one on this thread does better. See `embeddersInWorkers`. */
    private readonly embeddersFor: (pictures: number) => Promise<Embedder[]>,
  ) {}

  /** The pictures' vectors, by their paths in the folder, with "/". */
  get index(): SearchIndex {
    return this.#index;
  }

  /** What the last `sync` changed. */
  get synced(): Synced {
    return this.#synced!;
  }

  /**
   * Brings the index up to date with the folder.
   * @throws BagsslError as `openFolderIndex`
   */
  async sync(options: SyncOptions = {}): Promise<Synced> {
    checkOptions('sync', options, SYNC_RULES);
    const { signal } = options;
    const { place, at, digest, followLinks } = this.kept;
    this.#checkOpen();
    await checkFolder(this.folder, 'Give a folder of photographs.');
    const listing = await listImages(this.folder, { followLinks, signal });
    // The index is not one of the files that were left out.
    const own = `${relative(this.folder, place).replaceAll(sep, '/')}/`;
    const skipped = listing.skipped.filter(({ file }) => !file.startsWith(own));
    // A drive that is not mounted is an empty folder, so what is known of it is kept.
    if (listing.images.length === 0) throw noImages(this.folder, skipped, '');
    let store = await IndexStore.open(at, digest);
    let { unchanged, fresh, gone } = changesOf(listing, store.entries);
    let moved = new Set<string>();
    let embedded = 0;
    let failed: SkippedFile[] = [];
    if (fresh.length > 0 || gone.length > 0) {
      const unlock = await lockFolder(at, { file: 'index.lock', busy, elsewhere });
      try {
        // Another process may have written to it in the meantime.
        store = await IndexStore.open(at, digest);
        ({ unchanged, fresh, gone } = changesOf(listing, store.entries));
        moved = await noteMoved(store, fresh, signal);
        await store.write([], gone);
        const wanted = fresh.filter(({ file }) => !moved.has(file));
        if (wanted.length > 0) ({ embedded, unread: failed } = await this.#embed(store, wanted, options));
        await store.compact();
      } finally {
        await unlock();
      }
    }
    const entries = [...store.entries.values()].sort(byName);
    const without = entries.flatMap(({ file, reason }) => (reason ? { file, reason } : []));
    const warnings = entries.flatMap(({ file, warning }) => (warning ? { file, reason: warning } : []));
    const left = [...skipped, ...failed.sort(byName), ...without];
    this.#index = indexOf(entries, store);
    if (this.#index.size === 0) throw noImages(this.folder, left, '');
    const kept = unchanged.filter(({ row }) => row !== undefined).length;
    this.#synced = {
      embedded,
      moved: moved.size,
      unchanged: kept,
      removed: gone.length,
      skipped: left,
      warnings,
    };
    return this.#synced;
  }

  /**
   * The `k` pictures nearest to an image, nearest first. A picture of the folder, by its path, is not compared with itself.
   * @throws BagsslError `bad-data` if the image cannot be read; `bad-argument`
   */
  async similar(image: AnyImage, k = 12): Promise<Found[]> {
    given(Number.isInteger(k) && k >= 1, k, 'k', 'a whole number of at least 1');
    const file = await this.#fileOf(image);
    const vector = file === undefined ? await (await this.#open()).embed(image) : this.#index.vector(file)!;
    const found = this.#index.search(vector, file === undefined ? k : k + 1);
    return found.filter(({ id }) => id !== file).slice(0, k);
  }

  /** Stops the engine and the workers where they have started. */
  async dispose(): Promise<void> {
    const opened = this.#embedder;
    this.#disposed = true;
    this.#embedder = undefined;
    await (await opened?.catch(() => undefined))?.dispose();
  }

  /** As `dispose`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #embed(store: IndexStore, images: readonly ListedImage[], options: SyncOptions) {
    const inWorkers = await this.embeddersFor(images.length);
    try {
      const embedders = inWorkers.length > 0 ? inWorkers : [await this.#open()];
      this.#checkOpen();
      return await embedInto(store, images, embedders, { ...options, decoderUrl: this.kept.decoderUrl });
    } finally {
      await Promise.all(inWorkers.map((embedder) => embedder.dispose()));
    }
  }

  #open(): Promise<Embedder> {
    this.#checkOpen();
    this.#embedder ??= this.createEmbedder().catch((error) => {
      this.#embedder = undefined; // the next time may do better
      throw error;
    });
    return this.#embedder;
  }

  #checkOpen(): void {
    if (this.#disposed) throw new BagsslError('disposed', 'The index was disposed; open it again.');
  }

  /** The name in the index of an image given by path; undefined for all others. */
  async #fileOf(image: AnyImage): Promise<string | undefined> {
    const path = isA(image, 'URL') ? (image.protocol === 'file:' ? fileURLToPath(image) : undefined) : image;
    if (typeof path !== 'string') return undefined;
    const nameIn = (folder: string, file: string) => relative(folder, file).replaceAll(sep, '/');
    // A link is in the index by its own name, and its target by another, or not at all.
    const named = nameIn(resolve(this.folder), resolve(path));
    if (this.#index.has(named)) return named;
    try {
      const file = nameIn(await realpath(this.folder), await realpath(path));
      return this.#index.has(file) ? file : undefined;
    } catch {
      return undefined;
    }
  }
}

const busy = (where: string, holder: string) =>
  new BagsslError(
    'run-busy',
    `The index in "${where}" is being brought up to date by ${holder}. Wait for its end, or end it.`,
  );

const elsewhere = 'Name a folder to keep the index in with place (--place).';

function indexOf(entries: readonly Entry[], store: IndexStore): SearchIndex {
  const index = new SearchIndex(store.width || 1);
  for (const { file, row } of entries) if (row !== undefined) index.add(file, store.vector(row));
  return index;
}
