import { transfer } from 'comlink';
import type { Pixels } from '../base/pixels.ts';
import { sayOnce } from '../base/shared.ts';
import { isA } from '../base/values.ts';
import { type Answer, take } from '../threads/answer.ts';
import { nodeThreads, processors } from '../threads/node-threads.ts';
import { OwnedWorker, type WorkerScript } from '../threads/owned-worker.ts';
import type { DecodeOptions } from './decode-options.ts';
import { imageTypeOf } from './image-type.ts';
import type { DecodedElsewhere, RemoteDecoder } from './remote-decoder.ts';

const SCRIPT: WorkerScript = {
  name: 'decoder',
  file: 'decoder.worker.js',
  option: 'decoderUrl',
  // Bundlers find the worker only if its URL is part of the same expression.
  web: () => new Worker(new URL('./decoder.worker.js', import.meta.url), { type: 'module' }),
};

/**
 * After this long without an image the workers end: Deno, for one, keeps a program alive that has any. Those beside sharp, in Node
 * alone, wait for the next HEIC: they take half a second to start.
 */
const IDLE_MS = 500;
const IDLE_BESIDE_SHARP_MS = 30_000;

type DecoderWorker = OwnedWorker<RemoteDecoder>;

/** Workers that decode, an image at a time each. They start when there is work, and end when there is none. */
export class DecodePool {
  readonly #idle: DecoderWorker[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #most: number;
  #busy = 0;
  #works = false;
  #broken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param options the `url` of their script, if not next to this module; how many `workers`; `besideSharp`: they decode
   * what sharp does not, HEIC; `warn` is told why none starts
   */
  constructor(
    private readonly options: {
      readonly url?: URL | string;
      readonly workers?: number;
      readonly besideSharp?: boolean;
      readonly warn?: (message: string) => void;
    },
  ) {
    this.#most = options.workers ?? (onServer() ? Math.min(4, processors()) : 2);
  }

  /**
   * @returns undefined for what the calling thread has to do itself
   * @throws BagsslError as `decodeImage`
   */
  async decode(
    image: Uint8Array | Blob | ImageBitmap,
    name: string,
    { shortSide, mostPixels, onWarning }: DecodeOptions,
  ): Promise<Pixels | undefined> {
    if (this.options.besideSharp && !(isA(image, 'Uint8Array') && imageTypeOf(image) === 'heic')) return undefined;
    clearTimeout(this.#timer);
    if (this.#busy >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busy++;
    try {
      const answer = this.#broken ? undefined : await this.#ask(image, name, { shortSide, mostPixels });
      const found = answer && take(answer);
      for (const message of found?.warnings ?? []) onWarning?.(message, name);
      return found?.pixels;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
      if (this.#busy === 0) this.#rest();
    }
  }

  async #ask(
    image: Uint8Array | Blob | ImageBitmap,
    name: string,
    options: DecodeOptions,
  ): Promise<Answer<DecodedElsewhere> | undefined> {
    let worker: DecoderWorker | undefined;
    try {
      worker = this.#idle.pop() ?? new OwnedWorker<RemoteDecoder>(SCRIPT, this.options.url);
      await worker.ready();
      // The caller keeps its bytes.
      const sent = isA(image, 'Uint8Array') ? new Uint8Array(image) : image;
      const buffers = isA(sent, 'Uint8Array') ? [sent.buffer] : isA(sent, 'ImageBitmap') ? [sent] : [];
      const answer = await worker.call(
        (remote) =>
          remote.decode(transfer({ image: sent, name, options }, buffers as Transferable[])) as Promise<
            Answer<DecodedElsewhere>
          >,
      );
      this.#works = true;
      this.#idle.push(worker);
      return answer;
    } catch (error) {
      worker?.terminate();
      // A worker that dies has met its image; the next one may do better.
      if (!this.#works && !this.#broken) {
        this.#broken = true;
        (this.options.warn ?? sayOnce)(`Images are decoded on the calling thread. ${(error as Error).message}`);
      }
      return undefined;
    }
  }

  #rest(): void {
    this.#timer = setTimeout(() => this.dispose(), this.options.besideSharp ? IDLE_BESIDE_SHARP_MS : IDLE_MS);
    if (nodeThreads()) (this.#timer as { unref?(): void }).unref?.();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const worker of this.#idle.splice(0)) worker.terminate();
  }
}

const onServer = () => typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Whether the platform's decoder is sharp, which has threads of its own. */
export async function hasOwnThreads(): Promise<boolean> {
  // Not a literal, so that bundlers for browsers do not look for the package.
  const name = 'sharp';
  if (!nodeThreads()) return false;
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name).then(
    () => true,
    () => false,
  );
}
