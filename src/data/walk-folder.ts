import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import type { SkippedFile } from './image-set.ts';

/** Which symbolic links are followed: those that stay inside the folder, or all. */
export type FollowLinks = 'inside' | 'anywhere';

/** A file of a folder. */
export interface FoundFile {
  /** Relative to the folder, with `/` on every platform. */
  readonly file: string;
  /** Where it is read; for a link, its target. */
  readonly path: string;
}

interface Folder extends FoundFile {
  /** Its `path` without links. */
  readonly real: string;
}

/** Bins, thumbnails and bookkeeping of Windows, macOS, Linux and Synology. They hold copies, or what its owner threw away. */
const SYSTEM =
  /^(\$recycle\.bin|recycler|system volume information|\.trash.*|\.spotlight-v100|\.fseventsd|__macosx|lost\+found|@eadir|#recycle|#snapshot|@recycle)$/i;

/** Libraries of Apple's Photos, iPhoto and Aperture, and their folders of photographs; others hold copies and thumbnails of them. */
const LIBRARY = /\.(photos|photo|ap|migratedphoto)library$/i;
const ORIGINALS = /^(originals|masters)$/i;

/** Why a folder or file was left out before its content was looked at. */
export const REASON = {
  hidden: 'hidden',
  system: 'a trash or system folder',
  outside: 'a link out of the folder, which is followed only if asked (followLinks, --follow-links)',
  nowhere: 'a link that leads nowhere',
  again: 'a link to a folder that is read already',
  special: 'neither a file nor a folder',
  library: "a photo library's own copies and database",
} as const;

/**
 * Every file below a folder, at any depth, in an order that depends only on the names. A folder is read once: first where it is, then
 * by the links to it, so that loops of links end. `unread` names those of `skipped` that could not be opened, a folder with a `/` at its end.
 * @throws BagsslError `bad-data` for a folder that cannot be read itself; `aborted`
 */
export async function walkFolder(
  folder: string,
  { followLinks = 'inside' as FollowLinks, signal = undefined as AbortSignal | undefined } = {},
): Promise<{ files: FoundFile[]; skipped: SkippedFile[]; unread: string[] }> {
  const root = await realpath(folder);
  const inside = (target: string) => target === root || target.startsWith(root.endsWith(sep) ? root : root + sep);
  const files: FoundFile[] = [];
  const skipped: SkippedFile[] = [];
  const unread: string[] = [];
  const read = new Set<string>();
  let links: Folder[] = [];
  const leave = (file: string, reason: string) => skipped.push({ file, reason });
  const leaveUnread = (file: string, error: unknown) => {
    unread.push(file);
    leave(file, unreadable(error, file));
  };

  async function follow(file: string, path: string): Promise<void> {
    let target: string;
    let found: Awaited<ReturnType<typeof stat>>;
    try {
      target = await realpath(path);
      if (followLinks === 'inside' && !inside(target)) return void leave(file, REASON.outside);
      found = await stat(target);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const isNowhere = (code === 'ENOENT' && !file.includes('\ufffd')) || code === 'ELOOP';
      return void (isNowhere ? leave(file, REASON.nowhere) : leaveUnread(file, error));
    }
    if (found.isDirectory()) links.push({ file, path: target, real: target });
    else if (found.isFile()) files.push({ file, path: target });
    else leave(file, REASON.special);
  }

  async function list({ file: prefix, path, real }: Folder): Promise<void> {
    checkAborted(signal, `Reading ${folder} was stopped.`);
    if (read.has(real)) return void leave(`${prefix}/`, REASON.again);
    read.add(real);
    const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
      if (prefix === '')
        throw new BagsslError('bad-data', `${folder}: ${unreadable(error, prefix)}.`, { cause: error });
      leaveUnread(`${prefix}/`, error);
      return [];
    });
    const inLibrary = LIBRARY.test(real);
    for (const entry of entries) {
      const { name } = entry;
      const file = prefix === '' ? name : `${prefix}/${name}`;
      const below = { file, path: join(path, name), real: join(real, name) };
      if (SYSTEM.test(name)) leave(entry.isDirectory() ? `${file}/` : file, REASON.system);
      else if (inLibrary && !ORIGINALS.test(name)) leave(entry.isDirectory() ? `${file}/` : file, REASON.library);
      else if (name.startsWith('.')) leave(entry.isDirectory() ? `${file}/` : file, REASON.hidden);
      else if (entry.isSymbolicLink()) await follow(file, below.path);
      else if (entry.isDirectory()) await list(below);
      else if (entry.isFile()) files.push(below);
      else leave(file, REASON.special);
    }
  }

  await list({ file: '', path: folder, real: root });
  while (links.length > 0) {
    const round = links.sort(byName);
    links = [];
    for (const link of round) await list(link);
  }
  return { files: files.sort(byName), skipped: skipped.sort(byName), unread };
}

/** Why a file or folder could not be opened, the same for all that failed alike. */
export function unreadable(error: unknown, file: string): string {
  const { code } = error as NodeJS.ErrnoException;
  // Node puts U+FFFD in place of the bytes of such a name, and then there is no file of this name.
  if (code === 'ENOENT' && file.includes('\ufffd')) return 'its name is not UTF-8, so it cannot be opened; rename it';
  if (code === 'ENAMETOOLONG') return 'its path is too long to be opened';
  return code === 'EACCES' || code === 'EPERM' ? 'no permission to read it' : `cannot be read (${code ?? error})`;
}

/**
 * By code units, level by level: everything of `a/` comes before `a-b/`, in every locale. No name holds a zero, so it sorts before
 * every character where `/` would not.
 */
export function byName({ file: a }: { readonly file: string }, { file: b }: { readonly file: string }): number {
  const [left, right] = [a.replaceAll('/', '\0'), b.replaceAll('/', '\0')];
  return left < right ? -1 : left > right ? 1 : 0;
}
