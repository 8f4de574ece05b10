import type { ListedImage, Listing } from '../data/list-images.ts';
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

/** What changed since the index was written. No file is opened. What could not be opened this time counts as still there. */
export function changesOf({ images, unread }: Listing, known: ReadonlyMap<string, Entry>): Changes {
  const unchanged: Entry[] = [];
  const fresh: ListedImage[] = [];
  for (const image of images) {
    const entry = known.get(image.file);
    // Deno has whole milliseconds, Node has fractions.
    const isSame = entry?.size === image.size && Math.floor(entry.time) === Math.floor(image.modified);
    if (entry && isSame) unchanged.push(entry);
    else fresh.push(image);
  }
  const there = new Set(images.map(({ file }) => file));
  const hidden = (file: string) =>
    unread.some((name) => name === file || (name.endsWith('/') && file.startsWith(name)));
  return { unchanged, fresh, gone: [...known.keys()].filter((file) => !there.has(file) && !hidden(file)) };
}
