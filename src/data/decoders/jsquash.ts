import { BagsslError } from '../../base/errors.ts';
import type { Pixels } from '../../base/pixels.ts';
import { colourProfile } from '../colour-profile.ts';
import type { Decoded } from '../decoder.ts';
import { heifTurns } from '../heif-turns.ts';
import type { ImageHeader } from '../image-header.ts';
import { packageWasm } from '../package-wasm.ts';
import { turn } from '../turn.ts';
import { firstFrame, onCanvas } from './webp-frame.ts';

/** What @jsquash has a package for. */
export type JsquashType = 'jpeg' | 'png' | 'webp' | 'avif';

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

const codecs = new Map<JsquashType, Promise<Codec>>();

/** Decodes with @jsquash's WebAssembly decoders, on this thread. */
export async function decodeByJsquash(bytes: Uint8Array, header: ImageHeader, type: JsquashType): Promise<Decoded> {
  const { width, height } = header;
  const frame = type === 'webp' ? firstFrame(bytes) : undefined;
  const image = await decode(frame?.bytes ?? bytes, type);
  const whole = frame ? onCanvas(image, frame.x, frame.y, width, height) : image;
  const turns = type === 'avif' ? heifTurns(bytes) : [header.orientation];
  return turns.reduce<Decoded>(turn, { ...whole, profile: await colourProfile(bytes, type) });
}

async function decode(bytes: Uint8Array, type: JsquashType): Promise<Pixels> {
  let loading = codecs.get(type);
  if (!loading) {
    loading = LOADERS[type]().catch((cause) => {
      throw new BagsslError(
        'missing-dependency',
        `The decoder @jsquash/${type} could not be loaded (${(cause as Error).message}). Install it, or sharp: npm install sharp.`,
        { cause },
      );
    });
    codecs.set(type, loading);
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

const LOADERS: Record<JsquashType, () => Promise<Codec>> = {
  async jpeg() {
    const { default: decode, init } = await import('@jsquash/jpeg/decode.js');
    const module = await packageWasm('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm');
    const renew = () => (init as unknown as Init)(module, options);
    await renew();
    return { decode: (bytes) => decode(bytes), renew };
  },
  async png() {
    const { default: decode, init } = await import('@jsquash/png/decode.js');
    await init(await packageWasm('@jsquash/png/codec/pkg/squoosh_png_bg.wasm'));
    return { decode: (bytes) => decode(bytes), renew: async () => {} };
  },
  async webp() {
    const { default: decode, init } = await import('@jsquash/webp/decode.js');
    const module = await packageWasm('@jsquash/webp/codec/dec/webp_dec.wasm');
    const renew = () => (init as unknown as Init)(module, options);
    await renew();
    return { decode, renew };
  },
  async avif() {
    const { default: decode, init } = await import('@jsquash/avif/decode.js');
    const module = await packageWasm('@jsquash/avif/codec/dec/avif_dec.wasm');
    const renew = () => (init as unknown as Init)(module, options);
    await renew();
    return { decode: (bytes) => decode(bytes) as ReturnType<Codec['decode']>, renew };
  },
};
