import { BagsslError } from 'bagssl';

/** The folder of the browser's private files (OPFS) that the demos share. */
const FOLDER = 'bagssl-demo';

const folder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle(FOLDER, { create: true });

/** A file kept earlier; undefined if there is none, or if nothing can be kept here. */
export async function readKept(name: string): Promise<File | undefined> {
  try {
    return await (await (await folder()).getFileHandle(name)).getFile();
  } catch {
    return undefined;
  }
}

/** @throws BagsslError `not-saved` if the browser refuses */
export async function keep(name: string, parts: readonly (Blob | Uint8Array<ArrayBuffer>)[]): Promise<void> {
  try {
    const handle = await (await folder()).getFileHandle(name, { create: true });
    const writable = await handle.createWritable();
    for (const part of parts) await writable.write(part);
    await writable.close();
  } catch (cause) {
    throw new BagsslError('not-saved', `${name} could not be written: ${(cause as Error).message}`, { cause });
  }
}

/** Removes everything that the demos have kept: pictures, encoder and training. */
export async function forgetAll(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const names: string[] = [];
  for await (const name of root.keys()) if (name.startsWith(FOLDER)) names.push(name);
  for (const name of names) await root.removeEntry(name, { recursive: true });
}
