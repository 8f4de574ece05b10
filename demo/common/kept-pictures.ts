import { builtinScenes, type ImageSet } from 'bagssl/data';
import { pictureCanvas } from './draw.ts';
import { keep, readKept } from './kept-files.ts';
import { readPictures } from './reading.ts';

/** One file for all pictures: the length of its JSON (4 bytes), the JSON, then the pictures as JPEG. */
const FILE = 'pictures';

interface Contents {
  readonly id?: string;
  /** The number of built-in scenes, if they are the pictures. */
  readonly scenes?: number;
  readonly pictures: readonly { readonly name: string; readonly bytes: number }[];
}

/** How many built-in scenes the demos use: enough to learn from, few enough to search quickly. */
const SCENES = 2000;

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

/** Keeps the current pictures, for a reload and for the other demos. @throws BagsslError `not-saved` */
export async function keepPictures({ kind, id, set }: Pictures): Promise<void> {
  const blobs: Blob[] = [];
  const pictures: { name: string; bytes: number }[] = [];
  for (let i = 0; kind === 'own' && i < set.length; i++) {
    const blob = await jpeg(pictureCanvas(await set.image(i)));
    blobs.push(blob);
    pictures.push({ name: set.files?.[i] ?? `picture ${i + 1}`, bytes: blob.size });
  }
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

function jpeg(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    const take = (blob: Blob | null) => (blob ? resolve(blob) : reject(new Error('The browser wrote no JPEG.')));
    canvas.toBlob(take, 'image/jpeg', 0.92);
  });
}
