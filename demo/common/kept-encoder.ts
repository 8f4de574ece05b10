import { forget, keep, readKept } from './kept-files.ts';

const FILE = 'encoder.safetensors';

/** Keeps an encoder trained here, a file of `writeEncoder`, for the other demos. @throws BagsslError `not-saved` */
export const keepEncoder = (bytes: Uint8Array<ArrayBuffer>): Promise<void> => keep(FILE, [bytes]);

/** The encoder trained here last, and when; undefined where there is none. */
export async function keptEncoder(): Promise<{ bytes: Uint8Array<ArrayBuffer>; made: Date } | undefined> {
  const file = await readKept(FILE);
  if (!file?.size) return undefined;
  return { bytes: new Uint8Array(await file.arrayBuffer()), made: new Date(file.lastModified) };
}

export const forgetEncoder = (): Promise<void> => forget(FILE);
