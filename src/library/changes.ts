import type { ListedImage } from '../data/list-images.ts';
import type { Entry } from './index-store.ts';

/** A library's files now, compared with what its index knows. */
export interface Changes {
  /** Files as they were, by size and time. */
  readonly unchanged: readonly Entry[];
  /** Files that are new or have changed. */
  readonly fresh: readonly ListedImage[];
  /** Names of files that are gone. */
  readonly gone: readonly string[];
}

/** What changed since the index was written. No file is opened. */
export function changesOf(images: readonly ListedImage[], known: ReadonlyMap<string, Entry>): Changes {
  const unchanged: Entry[] = [];
  const fresh: ListedImage[] = [];
  for (const image of images) {
    const entry = known.get(image.file);
    if (entry && entry.size === image.size && entry.time === image.modified) unchanged.push(entry);
    else fresh.push(image);
  }
  const there = new Set(images.map(({ file }) => file));
  return { unchanged, fresh, gone: [...known.keys()].filter((file) => !there.has(file)) };
}
