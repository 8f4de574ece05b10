import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createEmbedder } from '../bag/create-embedder.ts';
import type { Embedder } from '../bag/embedder.ts';
import { CREATE_EMBEDDER_RULES, type CreateEmbedderOptions } from '../bag/embedder-options.ts';
import { encoderFrom } from '../bag/encoder-source.ts';
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
import { embedInto, movedOf, SYNC_RULES, type SyncOptions } from './embed-into.ts';
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
  const digest = createHash('sha256')
    .update(JSON.stringify([await encoder.digest(), placement, ...(layout ? [layout] : [])]))
    .digest('hex');
  const at = join(place, `index-${digest.slice(0, 16)}`);
  const open = (changed = {}) => createEmbedder({ ...embedding, encoder, ...changed });
  const index = new FolderIndex(folder, { place, at, digest, followLinks }, open, (pictures) =>
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
}

/** A folder of photographs that can be searched; `openFolderIndex` opens one. */
export class FolderIndex implements AsyncDisposable {
  #index = new SearchIndex(1);
  #synced?: Synced;
  #embedder?: Promise<Embedder>;

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
    await checkFolder(this.folder, 'Give a folder of photographs.');
    const { images, skipped } = await listImages(this.folder, { followLinks, signal });
    let store = await IndexStore.open(at, digest);
    let { unchanged, fresh, gone } = changesOf(images, store.entries);
    let moved: readonly Entry[] = [];
    const failed: SkippedFile[] = [];
    if (fresh.length > 0 || gone.length > 0) {
      const unlock = await lockFolder(at, { file: 'index.lock', busy, elsewhere });
      try {
        // Another process may have written to it in the meantime.
        store = await IndexStore.open(at, digest);
        ({ unchanged, fresh, gone } = changesOf(images, store.entries));
        moved = await movedOf(fresh, store);
        const names = new Set(moved.map(({ file }) => file));
        const wanted = fresh.filter(({ file }) => !names.has(file));
        await store.write(moved, gone);
        if (wanted.length > 0) failed.push(...(await this.#embed(store, wanted, options)));
        await store.compact();
      } finally {
        await unlock();
      }
    }
    const entries = [...store.entries.values()].sort(byName);
    const without = entries.flatMap(({ file, reason }) => (reason ? { file, reason } : []));
    const warnings = entries.flatMap(({ file, warning }) => (warning ? { file, reason: warning } : []));
    // The index is not one of the files that were left out.
    const own = `${relative(this.folder, place).replaceAll(sep, '/')}/`;
    const left = [...skipped.filter(({ file }) => !file.startsWith(own)), ...failed.sort(byName), ...without];
    this.#index = indexOf(entries, store);
    if (this.#index.size === 0) throw noImages(this.folder, left, '');
    const kept = unchanged.filter(({ row }) => row !== undefined).length;
    this.#synced = {
      embedded: this.#index.size - kept - moved.length,
      moved: moved.length,
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
    this.#embedder = undefined;
    await (await opened?.catch(() => undefined))?.dispose();
  }

  /** As `dispose`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #embed(store: IndexStore, images: readonly ListedImage[], options: SyncOptions): Promise<SkippedFile[]> {
    const inWorkers = await this.embeddersFor(images.length);
    try {
      return await embedInto(store, images, inWorkers.length > 0 ? inWorkers : [await this.#open()], options);
    } finally {
      await Promise.all(inWorkers.map((embedder) => embedder.dispose()));
    }
  }

  #open(): Promise<Embedder> {
    this.#embedder ??= this.createEmbedder();
    return this.#embedder;
  }

  /** The name in the index of an image given by path; undefined for all others. */
  async #fileOf(image: AnyImage): Promise<string | undefined> {
    const path = isA(image, 'URL') ? (image.protocol === 'file:' ? fileURLToPath(image) : undefined) : image;
    if (typeof path !== 'string') return undefined;
    try {
      const file = relative(await realpath(this.folder), await realpath(path)).replaceAll(sep, '/');
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
