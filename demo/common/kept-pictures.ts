import { builtinScenes, type ImageSet } from 'bagssl/data';
import { keep, readKept } from './kept-files.ts';
import { jpegs, readPictures } from './reading.ts';

/** One file for all pictures: the length of its JSON (4 bytes), the JSON, then the pictures as JPEG. */
const FILE = 'pictures';

interface Contents {
  readonly id?: string;
  /** The number of built-in scenes, if they are the pictures. */
  readonly scenes?: number;
  readonly pictures: readonly { readonly name: string; readonly bytes: number }[];
}

/** How many built-in scenes the demos use, and the most pictures that are read: enough to learn from, few enough to search quickly. */
export const SCENES = 2000;

/** Pictures and where they came from. */
export interface Pictures {
  readonly kind: 'own' | 'scenes';
  /** Different pictures have different ids. */
  readonly id: string;
  readonly set: ImageSet;
}

export const builtinPictures = (count = SCENES): Pictures => ({
  kind: 'scenes',
  id: `${count} scenes`,
  set: builtinScenes({ count }),
});
export const ownPictures = (set: ImageSet, id = `chosen at ${Date.now()}`): Pictures => ({ kind: 'own', id, set });

/**
 * Keeps the current pictures, for a reload and for the other demos.
 * @param wanted whether they still are the current ones; once they are not, nothing is kept
 * @throws BagsslError `not-saved`
 */
export async function keepPictures({ kind, id, set }: Pictures, wanted: () => boolean): Promise<void> {
  const blobs: Blob[] = [];
  if (kind === 'own') {
    for await (const blob of jpegs(set)) {
      if (!wanted()) return;
      blobs.push(blob);
    }
  }
  if (!wanted()) return;
  const pictures = blobs.map(({ size }, i) => ({ name: set.files?.[i] ?? `picture ${i + 1}`, bytes: size }));
  const contents: Contents = { id, ...(kind === 'scenes' && { scenes: set.length }), pictures };
  const json = new TextEncoder().encode(JSON.stringify(contents));
  await keep(FILE, [new Uint8Array(new Uint32Array([json.length]).buffer), json, ...blobs]);
}

/** The pictures used last; undefined if none are kept. */
export async function keptPictures(): Promise<Pictures | undefined> {
  const file = await readKept(FILE);
  if (!file || file.size < 4) return undefined;
  const [length] = new Uint32Array(await file.slice(0, 4).arrayBuffer());
  const contents: Contents = JSON.parse(await file.slice(4, 4 + length).text());
  if (contents.scenes) return builtinPictures(contents.scenes);
  let from = 4 + length;
  const files = contents.pictures.map(({ name, bytes }) => {
    const blob = file.slice(from, from + bytes);
    from += bytes;
    return { name, file: blob };
  });
  return ownPictures(await readPictures(files), contents.id);
}
