import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BagsslError } from '../src/index.ts';
import { UsageError } from './options.ts';

/** Whether there is something at a path. */
export const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Refuses to write over what is there unless that was asked for. */
export async function checkFree(paths: readonly string[], overwrite: boolean): Promise<void> {
  if (overwrite) return;
  for (const path of paths) {
    if (await exists(path)) {
      throw new UsageError(`"${path}" is already there; replace it (--overwrite), or choose another --out.`);
    }
  }
}

/** Writes a file whole or not at all; its folder is made where it is missing. */
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
