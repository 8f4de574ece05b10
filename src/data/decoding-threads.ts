import { ADDRESS, type Rules, whole } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { isA } from '../base/values.ts';
import { decodeImage } from './decode.ts';
import type { DecodeOptions } from './decode-options.ts';
import type { DecodePool } from './decode-pool.ts';
import { pixelsFrom } from './pixels-from.ts';

/** Threads that decode, and where their script is. */
export interface DecodingThreadsOptions {
  /**
   * Workers that decode; 0 decodes on the calling thread. Default: 2 in a page, one a processor, at most 4, in Deno and in Node without
   * sharp. With sharp, which has threads of its own, they decode HEIC alone.
   */
  readonly decoders?: number;
  /** Where decoder.worker.js is, if not next to this module. */
  readonly decoderUrl?: URL | string;
}

export const DECODING_THREADS_RULES: Rules<DecodingThreadsOptions> = { decoders: whole(0, 64), decoderUrl: ADDRESS };

/**
 * Decodes images in workers, so that the calling thread stays free. What they cannot do is done on this thread: where no worker starts,
 * which is said once, and what a browser does not know (docs/formats.md).
 */
export class DecodingThreads {
  #pool?: Promise<DecodePool | undefined>;

  constructor(private readonly options: DecodingThreadsOptions = {}) {}

  /**
   * @param image a file's bytes or Blob, or a bitmap, which is handed over
   * @throws BagsslError as `decodeImage`
   */
  async decode(image: Uint8Array | Blob | ImageBitmap, name: string, options: DecodeOptions): Promise<Pixels> {
    const isBlob = isA(image, 'Blob') || isA(image, 'File');
    const isBitmap = isA(image, 'ImageBitmap');
    if (!options.decoder && (isBlob || isBitmap || isA(image, 'Uint8Array'))) {
      this.#pool ??= this.#open();
      const found = await (await this.#pool)?.decode(image, name, options);
      if (found) return found;
    }
    if (isBitmap) return pixelsFrom(image);
    return decodeImage(isBlob ? new Uint8Array(await image.arrayBuffer()) : image, name, options);
  }

  async #open(): Promise<DecodePool | undefined> {
    const { decoders, decoderUrl } = this.options;
    if (decoders === 0) return undefined;
    const { DecodePool, hasOwnThreads } = await import('./decode-pool.ts');
    const besideSharp = decoders === undefined && (await hasOwnThreads());
    return new DecodePool({ url: decoderUrl, workers: decoders, besideSharp });
  }

  /** Ends the workers; they also end by themselves when there is nothing to decode. */
  async dispose(): Promise<void> {
    (await this.#pool)?.dispose();
  }
}
