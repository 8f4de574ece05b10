import type { ImageSet } from 'bagssl/data';
import type { Matrix } from 'bagssl/embed';
import { readSafetensors, writeSafetensors } from 'bagssl/formats';
import type { Pixels } from 'bagssl/patches';
import { keep, readKept } from './kept-files.ts';

/** The most pictures that are compared. */
export const MOST = 400;

/** Embeds the first pictures of a set one by one; undefined once `onPicture` returns false to stop. */
export async function vectorsOf(
  set: ImageSet,
  embed: (picture: Pixels) => Promise<Float32Array>,
  onPicture: (done: number, total: number) => boolean,
): Promise<Matrix | undefined> {
  const rows = Math.min(MOST, set.length);
  let data = new Float32Array(0);
  let columns = 0;
  for (let i = 0; i < rows; i++) {
    const vector = await embed(await set.image(i));
    if (i === 0) {
      columns = vector.length;
      data = new Float32Array(rows * columns);
    }
    data.set(vector, i * columns);
    if (!onPicture(i + 1, rows)) return undefined;
  }
  return { data, rows, columns };
}

const FILE = 'vectors.safetensors';

/** The vectors kept last, if they belong to these pictures and this encoder. @param of names both */
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

/** Keeps vectors, replacing earlier ones. @throws BagsslError `not-saved` */
export const keepVectors = (of: string, { data, rows, columns }: Matrix): Promise<void> =>
  keep(FILE, [writeSafetensors({ vectors: { dtype: 'F32', shape: [rows, columns], data } }, { of })]);
