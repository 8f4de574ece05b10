import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BagsslError } from '../src/index.ts';
import { UsageError } from './command.ts';

/** Whether a path exists. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Refuses a path of images where nothing is, before other images are read. */
export async function checkThere(option: string, path: string | undefined): Promise<void> {
  if (path === undefined || path === 'builtin' || (await exists(path))) return;
  throw new BagsslError('bad-data', `${option} "${path}" does not exist.`);
}

/** Refuses paths that exist, unless they may be replaced. */
export async function checkFree(paths: readonly string[], overwrite: boolean): Promise<void> {
  if (overwrite) return;
  for (const path of paths) {
    if (await exists(path)) {
      throw new UsageError(`"${path}" already exists; replace it (--overwrite), or choose another --out.`);
    }
  }
}

/** Writes a file whole or not at all, and makes the folder it is in. */
export async function save(path: string, bytes: Uint8Array | string): Promise<void> {
  const part = `${path}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(part, bytes);
    await rename(part, path);
  } catch (cause) {
    await rm(part, { force: true }).catch(() => undefined);
    throw new BagsslError('not-saved', `"${path}" could not be written: ${(cause as Error).message}.`, { cause });
  }
}
