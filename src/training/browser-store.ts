import { BagsslError } from '../base/errors.ts';
import { checkBlobName, type RunStore, runBusy } from './run-store.ts';

/**
 * Keeps a run in the browser's private files (OPFS), under a name of lower-case letters, digits, dots and dashes. Works in
 * pages and workers. Only one page can hold a run at a time. Call `navigator.storage.persist()` if the browser must not clear
 * it when space is short.
 */
export function browserStore(name: string): RunStore {
  const folderName = `bagssl-${checkBlobName(name)}`;
  let opened: Promise<FileSystemDirectoryHandle> | undefined;
  const folder = () => {
    opened ??= openFolder(folderName);
    return opened;
  };
  return {
    name,
    async list() {
      const names: string[] = [];
      for await (const key of (await folder()).keys()) names.push(key);
      return names;
    },
    async read(blob) {
      try {
        const handle = await (await folder()).getFileHandle(checkBlobName(blob));
        return new Uint8Array(await (await handle.getFile()).arrayBuffer());
      } catch (cause) {
        if ((cause as DOMException).name === 'NotFoundError') return undefined;
        throw new BagsslError('bad-checkpoint', `${name}/${blob} cannot be read (${(cause as Error).message}).`, {
          cause,
        });
      }
    },
    /** The browser writes to a temporary file and swaps it in at the end. */
    async write(blob, bytes) {
      try {
        const handle = await (await folder()).getFileHandle(checkBlobName(blob), { create: true });
        const writable = await handle.createWritable();
        await writable.write(bytes as Uint8Array<ArrayBuffer>);
        await writable.close();
      } catch (cause) {
        const full = (cause as DOMException).name === 'QuotaExceededError';
        const why = full ? 'this site may not store so much here' : (cause as Error).message;
        throw new BagsslError('not-saved', `${name}/${blob} could not be written: ${why}.`, { cause });
      }
    },
    async remove(blob) {
      await (await folder()).removeEntry(blob).catch((error: DOMException) => {
        if (error.name !== 'NotFoundError') throw error;
      });
    },
    /** The browser releases the lock when its page or worker ends, even after a crash. */
    lock: () =>
      new Promise((resolve, reject) => {
        const held = navigator.locks.request(folderName, { ifAvailable: true }, (lock) => {
          if (!lock) return reject(runBusy(name, 'another tab or worker of this site'));
          return new Promise<void>((release) => {
            resolve(async () => {
              release();
              await held;
            });
          });
        });
        held.catch(reject);
      }),
  };
}

async function openFolder(name: string): Promise<FileSystemDirectoryHandle> {
  const { storage } = (globalThis.navigator ?? {}) as Partial<Navigator>;
  if (!storage?.getDirectory || !('locks' in navigator)) {
    throw new BagsslError(
      'device-unavailable',
      'There are no private files (OPFS) here: this browser has none, or gives them to pages of https alone.',
    );
  }
  return (await storage.getDirectory()).getDirectoryHandle(name, { create: true });
}
