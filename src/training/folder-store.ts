import { lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';
import { lockFolder } from './folder-lock.ts';
import { checkBlobName, type RunStore } from './run-store.ts';

/** Keeps a run in a folder of the file system. The first write creates the folder. For Node and Deno. */
export function folderStore(folder: string): RunStore {
  given(typeof folder === 'string' && folder !== '', folder, 'folder', 'the path of a folder');
  const path = (name: string) => join(folder, checkBlobName(name));
  return {
    name: folder,
    list: () => readdir(folder).catch(absent(() => [])),
    async read(name) {
      const file = path(name);
      const found = await lstat(file).catch(absent(() => undefined));
      if (!found) return undefined;
      // A link could lead out of the folder.
      if (!found.isFile())
        throw new BagsslError('bad-checkpoint', `${file} is a link or a folder; a run has files alone.`);
      const { buffer, byteOffset, length } = await readFile(file);
      return new Uint8Array(buffer, byteOffset, length);
    },
    /** Writes a temporary file and renames it in one step: if the process dies, the name still has the old or the new blob. */
    async write(name, bytes) {
      const file = path(name);
      const part = `${file}.part`;
      await mkdir(folder, { recursive: true });
      await rm(part, { force: true });
      try {
        const handle = await open(part, 'wx');
        try {
          await handle.writeFile(bytes);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(part, file);
      } catch (cause) {
        await rm(part, { force: true }).catch(() => undefined);
        const { code, message } = cause as NodeJS.ErrnoException;
        const why = code === 'ENOSPC' ? 'the disk is full' : code === 'EDQUOT' ? 'the quota is used up' : message;
        throw new BagsslError(
          'not-saved',
          `${file} could not be written: ${why}. What was saved before is untouched.`,
          {
            cause,
          },
        );
      }
      await syncFolder(folder);
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    lock: () => lockFolder(folder),
  };
}

/** Returns `otherwise` if the file does not exist; any other failure is an error. */
const absent =
  <T>(otherwise: () => T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return otherwise();
    throw new BagsslError('bad-checkpoint', `The run cannot be read (${error.message}).`, { cause: error });
  };

/** A rename reaches the disk when its folder is synced. Not every platform can open folders. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {
    // Windows journals renames.
  }
}
