import { colourProfile } from '../colour-profile.ts';
import type { Decoded } from '../decoder.ts';

/** What is used of libheif-js. */
interface Libheif {
  HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[]; decoder?: { delete(): void } };
}

interface HeifImage {
  get_width(): number;
  get_height(): number;
  is_primary(): boolean;
  display(into: Picture, done: (picture: Picture | null) => void): void;
  free(): void;
}

interface Picture {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

let loading: Promise<Libheif> | undefined;

/** libheif with libde265, under the LGPL; a file of its own that is loaded when the first HEIC comes. */
async function load(): Promise<Libheif> {
  try {
    const { default: start } = await import('libheif-js/libheif-wasm/libheif-bundle.mjs' as string);
    return (await start()) as Libheif;
  } catch (cause) {
    // Not a missing dependency of the whole program: other files decode.
    throw new Error(`libheif-js could not be loaded: ${(cause as Error).message}; npm install libheif-js`, { cause });
  }
}

/** Decodes the main picture of a HEIC, turned as the file says. */
export async function decodeHeic(bytes: Uint8Array): Promise<Decoded> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  const { HeifDecoder } = await loading;
  const decoder = new HeifDecoder();
  const images = decoder.decode(bytes);
  try {
    const image = images.find((one) => one.is_primary()) ?? images[0];
    if (!image) throw new Error('no picture inside');
    const [width, height] = [image.get_width(), image.get_height()];
    const data = new Uint8ClampedArray(width * height * 4);
    const shown = await new Promise<Picture | null>((resolve) => image.display({ data, width, height }, resolve));
    if (!shown) throw new Error('the picture inside is damaged or of a codec that is not built in');
    return { data, width, height, layout: 'rgba', profile: await colourProfile(bytes, 'heic') };
  } finally {
    for (const image of images) image.free();
    decoder.decoder?.delete();
  }
}
