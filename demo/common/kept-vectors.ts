import type { Matrix } from 'bagssl/embed';
import { readSafetensors, writeSafetensors } from 'bagssl/formats';
import { keep, readKept } from './kept-files.ts';

const FILE = 'vectors.safetensors';

/** The vectors kept last, where they are of what is asked for. @param of names pictures and encoder */
export async function keptVectors(of: string): Promise<Matrix | undefined> {
  const file = await readKept(FILE);
  if (!file?.size) return undefined;
  try {
    const { tensors, metadata } = readSafetensors(new Uint8Array(await file.arrayBuffer()));
    const { shape, data } = tensors.vectors;
    const [rows, columns] = shape;
    return metadata.of === of ? { data: data as Float32Array, rows, columns } : undefined;
  } catch {
    return undefined; // damaged
  }
}

/** Keeps vectors in the place of those before. @throws BagsslError `not-saved` */
export const keepVectors = (of: string, { data, rows, columns }: Matrix): Promise<void> =>
  keep(FILE, [writeSafetensors({ vectors: { dtype: 'F32', shape: [rows, columns], data } }, { of })]);
