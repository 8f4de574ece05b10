import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { checkAborted } from '../base/aborted.ts';
import type { SkippedFile } from './image-set.ts';
import { IMAGE_TYPES, imageTypeOf, TYPE_BYTES } from './image-type.ts';
import { type FollowLinks, type FoundFile, unreadable, walkFolder } from './walk-folder.ts';

/** An image file of a folder. */
export interface ListedImage extends FoundFile {
  /** Bytes. */
  readonly size: number;
  /** When it was last changed, milliseconds since 1970. */
  readonly modified: number;
}

/** How a folder is listed. */
export interface ListOptions {
  /** Symbolic links that are followed: default `inside`, those that stay in the folder; or `anywhere`. */
  readonly followLinks?: FollowLinks;
  /** Called with the number of files looked at and the total. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops the listing with an `aborted` error. */
  readonly signal?: AbortSignal;
}

/** The image files of a folder at any depth, in an order that depends only on their names, and all else with why it was left out. */
export interface Listing {
  readonly images: ListedImage[];
  readonly skipped: SkippedFile[];
  /** Those of `skipped` that could not be opened this time; a folder has a `/` at its end. */
  readonly unread: readonly string[];
}

/** Milliseconds of reading before other work of this thread has its turn. */
const SLICE = 20;

/**
 * Lists the image files of a folder. The bytes decide what is an image, not the name. Files are opened one after the other and
 * synchronously: for headers alone that is several times faster than by promises (20,000 files: 0.6 s, and 2.7 s).
 * @throws BagsslError `bad-data` for a folder that cannot be read; `aborted`
 */
export async function listImages(folder: string, options: ListOptions = {}): Promise<Listing> {
  const { onProgress, signal } = options;
  const { files, skipped, unread } = await walkFolder(folder, options);
  const images: ListedImage[] = [];
  const head = new Uint8Array(TYPE_BYTES);
  let turn = performance.now();
  for (const [done, file] of files.entries()) {
    const found = lookAt(file, head);
    if ('reason' in found) {
      skipped.push({ file: file.file, reason: found.reason });
      if (found.unread) unread.push(file.file);
    } else images.push(found);
    if (performance.now() - turn < SLICE) continue;
    onProgress?.(done + 1, files.length);
    await new Promise((resolve) => setTimeout(resolve));
    checkAborted(signal, `Reading ${folder} was stopped.`);
    turn = performance.now();
  }
  onProgress?.(files.length, files.length);
  return { images, skipped, unread };
}

/** Why a file is no image: one text, so that such files can be counted together. */
export const NO_IMAGE = `not a ${IMAGE_TYPES} image`;

function lookAt(found: FoundFile, head: Uint8Array): ListedImage | { reason: string; unread?: boolean } {
  try {
    const handle = openSync(found.path, 'r');
    try {
      const { size, mtimeMs } = fstatSync(handle);
      if (size === 0) return { reason: 'the file is empty' };
      const length = readSync(handle, head, 0, TYPE_BYTES, 0);
      if (!imageTypeOf(head.subarray(0, length))) return { reason: NO_IMAGE };
      return { ...found, size, modified: mtimeMs };
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return { reason: unreadable(error, found.file), unread: true };
  }
}
