import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import type { ImageHeader } from './image-header.ts';

interface Codec {
  decode(bytes: ArrayBuffer): Promise<{ data: Uint8ClampedArray; width: number; height: number }>;
  /** Makes a fresh instance, because one that has failed may be left unusable. */
  renew(): Promise<unknown>;
}

type Init = (module: WebAssembly.Module, options: { printErr(line: string): void }) => Promise<unknown>;

/** What a decoder in C last said; it throws no message of its own. */
let said = '';
const options = {
  printErr(line: string) {
    said = line;
  },
};

const codecs = new Map<ImageHeader['type'], Promise<Codec>>();

/**
 * Decodes with @jsquash's WebAssembly decoders, in Node and Deno, on this thread. EXIF orientation is followed in JPEG.
 */
export async function jsquashDecoder(bytes: Uint8Array, header: ImageHeader): Promise<Pixels> {
  let loading = codecs.get(header.type);
  if (!loading) {
    loading = LOADERS[header.type]().catch((cause) => {
      throw new BagsslError(
        'missing-dependency',
        `The decoder @jsquash/${header.type} could not be loaded (${(cause as Error).message}). Install it, or sharp, beside bagssl.`,
        { cause },
      );
    });
    codecs.set(header.type, loading);
  }
  const codec = await loading;
  said = '';
  try {
    const image = await codec.decode(exactBuffer(bytes));
    const { buffer, byteOffset, byteLength } = image.data;
    return {
      data: new Uint8Array(buffer, byteOffset, byteLength),
      width: image.width,
      height: image.height,
      layout: 'rgba',
    };
  } catch (error) {
    const message = said;
    await codec.renew();
    throw message ? new Error(message, { cause: error }) : error;
  }
}

/** The decoders read a whole ArrayBuffer, so a view on a part of one is copied. */
function exactBuffer({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  const whole = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
  return whole ? buffer : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
}

const LOADERS: Record<ImageHeader['type'], () => Promise<Codec>> = {
  async jpeg() {
    const { default: decode, init } = await import('@jsquash/jpeg/decode.js');
    const module = await compile('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm');
    const renew = () => (init as unknown as Init)(module, options);
    await renew();
    return { decode: (bytes) => decode(bytes, { preserveOrientation: true }), renew };
  },
  async png() {
    const { default: decode, init } = await import('@jsquash/png/decode.js');
    await init(await compile('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'));
    return { decode: (bytes) => decode(bytes), renew: async () => {} };
  },
  async webp() {
    const { default: decode, init } = await import('@jsquash/webp/decode.js');
    const module = await compile('@jsquash/webp/codec/dec/webp_dec.wasm');
    const renew = () => (init as unknown as Init)(module, options);
    await renew();
    return { decode, renew };
  },
};

/** The packages fetch their wasm by URL, which neither Node nor Deno does for a file: it is read and compiled here. */
async function compile(specifier: string): Promise<WebAssembly.Module> {
  // Not a static import, so that bundlers for browsers do not look for it.
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const bytes = await readFile(new URL(import.meta.resolve(specifier)));
  return WebAssembly.compile(new Uint8Array(bytes));
}
