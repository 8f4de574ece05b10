import { colourProfile } from '../colour-profile.ts';
import type { Decoded } from '../decoder.ts';

/** What is used of libheif-js: its own `HeifDecoder` writes on the console what is wrong with a file, in place of throwing. */
interface Libheif {
  heif_context_alloc(): unknown;
  heif_context_free(context: unknown): void;
  heif_context_read_from_memory(context: unknown, bytes: Uint8Array): Failure;
  heif_js_context_get_primary_image_handle(context: unknown): Failure;
  heif_image_handle_release(handle: unknown): void;
  heif_js_decode_image2(handle: unknown, space: unknown, chroma: unknown): MaybeLater<Failure & Picture>;
  heif_image_release(image: unknown): void;
  readonly heif_error_Ok: unknown;
  readonly heif_colorspace_RGB: unknown;
  readonly heif_chroma_interleaved_RGBA: unknown;
}

type MaybeLater<T> = T | Promise<T>;

/** What takes the place of an answer where there is none. */
interface Failure {
  readonly code?: unknown;
  readonly message?: string;
}

interface Picture {
  readonly image: unknown;
  readonly channels: readonly { data: Uint8Array; width: number; height: number; stride: number }[];
}

let loading: Promise<Libheif> | undefined;

/** libheif with libde265, under the LGPL; a file of its own that is loaded when the first HEIC comes. */
async function load(): Promise<Libheif> {
  try {
    const { default: start } = await import('libheif-js/libheif-wasm/libheif-bundle.mjs' as string);
    return (await start()) as Libheif;
  } catch (cause) {
    // Not a missing dependency of the whole program: other files decode.
    // The advice first: of a decoder's message the beginning is kept.
    throw new Error(`npm install libheif-js: ${(cause as Error).message}`, { cause });
  }
}

/** Decodes the main picture of a HEIC, turned as the file says. */
export async function decodeHeic(bytes: Uint8Array): Promise<Decoded> {
  loading ??= load().catch((error) => {
    loading = undefined;
    throw error;
  });
  const heif = await loading;
  const context = heif.heif_context_alloc();
  const freed: (() => void)[] = [() => heif.heif_context_free(context)];
  try {
    const read = heif.heif_context_read_from_memory(context, bytes);
    if (read.code !== heif.heif_error_Ok) throw new Error(read.message);
    const handle = heif.heif_js_context_get_primary_image_handle(context);
    if (handle.code) throw new Error(handle.message);
    freed.push(() => heif.heif_image_handle_release(handle));
    const picture = await heif.heif_js_decode_image2(
      handle,
      heif.heif_colorspace_RGB,
      heif.heif_chroma_interleaved_RGBA,
    );
    if (picture.code) throw new Error(picture.message);
    freed.push(() => heif.heif_image_release(picture.image));
    const [{ data: rows, width, height, stride }] = picture.channels;
    const data = new Uint8Array(width * height * 4);
    for (let y = 0; y < height; y++) data.set(rows.subarray(y * stride, y * stride + width * 4), y * width * 4);
    return { data, width, height, layout: 'rgba', profile: await colourProfile(bytes, 'heic') };
  } finally {
    for (const free of freed.reverse()) free();
  }
}
