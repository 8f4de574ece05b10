import type { Pixels } from '../base/pixels.ts';
import { isA } from '../base/values.ts';
import { type Answer, answer } from '../threads/answer.ts';
import { bitmapPixels } from './bitmap-pixels.ts';
import { browserDecoder, decodeFile } from './decode-file.ts';
import type { DecodeOptions } from './decode-options.ts';
import type { Decoder } from './decoder.ts';

/** An image on its way to a decoder. */
export interface DecodeJob {
  readonly image: Uint8Array | Blob | ImageBitmap;
  /** Names the file in errors. */
  readonly name: string;
  readonly options: DecodeOptions;
}

export interface DecodedElsewhere {
  /** Undefined for what this thread has no decoder for. */
  readonly pixels?: Pixels;
  readonly warnings: readonly string[];
}

/** A decoder in a worker, as its owner calls it over Comlink. */
export interface RemoteDecoder {
  ready(): Promise<true>;
  decode(job: DecodeJob): Promise<Answer<DecodedElsewhere>>;
}

/**
 * The worker's half.
 * @param server the decoder of Node and Deno
 * @param hand marks buffers to transfer instead of copy
 */
export function remoteDecoder(
  server: (() => Promise<Decoder>) | undefined,
  hand: <T extends object>(value: T, buffers: Transferable[]) => T,
): RemoteDecoder {
  let chosen: Promise<Decoder> | undefined;
  return {
    async ready() {
      return true;
    },
    async decode({ image, name, options }) {
      const warnings: string[] = [];
      let lacking = false;
      const late = async () => {
        lacking = true;
        throw new Error('not in a worker');
      };
      const found = await answer(async (): Promise<DecodedElsewhere> => {
        if (isA(image, 'ImageBitmap')) {
          const pixels = bitmapPixels(image);
          image.close();
          return { pixels, warnings };
        }
        const bytes = isA(image, 'Uint8Array') ? image : new Uint8Array(await image.arrayBuffer());
        chosen ??= server?.();
        const told = { ...options, onWarning: (message: string) => warnings.push(message) };
        try {
          return {
            pixels: whole(await decodeFile(bytes, name, told, (await chosen) ?? browserDecoder(late))),
            warnings,
          };
        } catch (error) {
          if (lacking) return { warnings: [] };
          throw error;
        }
      });
      const pixels = 'value' in found ? found.value.pixels : undefined;
      return hand(found, pixels ? [pixels.data.buffer as ArrayBuffer] : []);
    },
  };
}

/** With memory of their own, which can be transferred. */
function whole(pixels: Pixels): Pixels {
  const { data } = pixels;
  return data.byteLength === data.buffer.byteLength ? pixels : { ...pixels, data: data.slice() };
}
