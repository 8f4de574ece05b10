import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import { type Decoder, type ImageHeader, MOST_PIXELS } from './image-header.ts';

/** The decoder of Node and Deno: sharp if it is installed, else @jsquash. Not sharp in Deno, which would ask to run native code. */
export async function serverDecoder(): Promise<Decoder> {
  return ('Deno' in globalThis ? undefined : await sharpDecoder()) ?? jsquashDecoder;
}

/** Decodes with sharp (libvips: native, on its own threads); undefined if sharp is not installed or does not load. */
export async function sharpDecoder(): Promise<Decoder | undefined> {
  // Not a literal, so that bundlers for browsers do not look for the package.
  const name = 'sharp';
  let sharp: typeof import('sharp').default;
  try {
    sharp = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)).default;
  } catch {
    return undefined;
  }
  return async (bytes) => {
    const { data, info } = await sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
      .rotate()
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 4) throw new Error(`${info.channels} channels instead of 4`);
    const { buffer, byteOffset, length } = data;
    return { data: new Uint8Array(buffer, byteOffset, length), width: info.width, height: info.height, layout: 'rgba' };
  };
}

interface Codec {
  decode(bytes: ArrayBuffer): Promise<{ data: Uint8ClampedArray; width: number; height: number }>;
  /** Makes a fresh instance: one that has failed may be unusable. */
  renew(): Promise<unknown>;
}

type Init = (module: WebAssembly.Module, options: { printErr(line: string): void }) => Promise<unknown>;

/** The last line that a decoder in C printed; its exceptions carry no message. */
let said = '';
const options = {
  printErr(line: string) {
    said = line;
  },
};

const codecs = new Map<ImageHeader['type'], Promise<Codec>>();

/** Decodes with @jsquash's WebAssembly decoders, on this thread. EXIF orientation is applied for JPEG only. */
export async function jsquashDecoder(bytes: Uint8Array, header: ImageHeader): Promise<Pixels> {
  let loading = codecs.get(header.type);
  if (!loading) {
    loading = LOADERS[header.type]().catch((cause) => {
      throw new BagsslError(
        'missing-dependency',
        `The decoder @jsquash/${header.type} could not be loaded (${(cause as Error).message}). Install it, or sharp: npm install sharp.`,
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

/** The decoders read a whole ArrayBuffer, so a view on part of one is copied. */
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
  // Not a static import, so that bundlers for browsers do not look for the file.
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const bytes = await readFile(new URL(import.meta.resolve(specifier)));
  return WebAssembly.compile(new Uint8Array(bytes));
}
