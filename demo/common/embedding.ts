import { BagsslError } from 'bagssl';
import type { Matrix, PatchMap } from 'bagssl/embed';
import type { Pixels, Placement } from 'bagssl/patches';
import { proxy, type Remote } from 'comlink';
import { type Answer, take } from '../../src/threads/answer.ts';
import { OwnedWorker, type Startable, type WorkerScript } from '../../src/threads/owned-worker.ts';
import type { Engine } from './engine.ts';

/** The encoder that a page embeds with: the one shipped with the package, the one trained here last, or a file's bytes. */
export type Which = 'shipped' | 'own' | Uint8Array;

/** The worker, as its owner calls it. */
export interface EmbeddingWorker extends Startable {
  open(which: Which, device: Engine['device']): Promise<Answer<string>>;
  patches(picture: Pixels, placement: Placement, whitened: boolean): Promise<Answer<PatchMap[]>>;
  adapt(pictures: readonly Pixels[], onProgress: Progress): Promise<Answer<Adapted>>;
  bag(picture: Pixels): Promise<Answer<Float32Array>>;
  seen(picture: Pixels, side: number): Promise<Answer<Seen>>;
  whitened(vectors: Matrix, ridge: number): Promise<Answer<Matrix>>;
}

/** Called with the current task and its progress, 0 to 1. */
type Progress = (stage: string, share: number) => void;

/** What the encoder has learnt from pictures: its file, or why it learnt nothing. */
export type Adapted = { readonly file: Uint8Array } | { readonly reason: string };

/** A picture's bag vector, and its middle as a square to show. */
export interface Seen {
  readonly vector: Float32Array;
  readonly thumbnail: ImageBitmap;
}

const SCRIPT: WorkerScript = {
  name: 'worker that embeds',
  file: 'embedding.worker.js',
  web: () => new Worker(new URL('./embedding.worker.js', import.meta.url), { type: 'module' }),
};

type Question<T> = (remote: Remote<EmbeddingWorker>) => Promise<Answer<T>>;

/** A worker that has answered `first`, if there is one, once it is ready. */
class Started {
  readonly worker = new OwnedWorker<EmbeddingWorker>(SCRIPT);
  readonly #ready: Promise<void>;

  constructor(first?: Question<unknown>) {
    this.#ready = this.worker.ready().then(async () => {
      if (first) take(await this.worker.call(first));
    });
    this.#ready.catch(() => undefined); // reported to whoever asks first
  }

  async ask<T>(question: Question<T>): Promise<T> {
    await this.#ready;
    return take(await this.worker.call(question));
  }
}

/**
 * Embedding in a worker, because ONNX Runtime blocks its thread while it computes. If the graphics card does not start or is lost,
 * the work continues on the processor.
 */
export class Embedding implements Disposable {
  #started = new Started();
  #which: Which = 'shipped';
  #device: Engine['device'] = 'wasm';
  #withoutCard = false;

  /** @param onLoss called once, when the graphics card is given up */
  constructor(private readonly onLoss: () => void) {}

  /** Opens an encoder and returns its fingerprint. A later call replaces the encoder. */
  async open(which: Which, device: Engine['device']): Promise<string> {
    this.#which = which;
    this.#device = this.#withoutCard ? 'wasm' : device;
    return this.#ask(this.#opening);
  }

  /** A picture's patches, in each feature. @param whitened those of an encoder that sees whole pictures */
  patches = (picture: Pixels, placement: Placement, whitened = true): Promise<PatchMap[]> =>
    this.#ask((remote) => remote.patches(picture, placement, whitened) as Promise<Answer<PatchMap[]>>);

  /** Adapts the encoder to pictures. */
  adapt = (pictures: readonly Pixels[], onProgress: Progress): Promise<Adapted> =>
    this.#ask((remote) => remote.adapt(pictures, proxy(onProgress)) as Promise<Answer<Adapted>>);

  /** A picture's bag vector, in the first feature. */
  bag = (picture: Pixels): Promise<Float32Array> =>
    this.#ask((remote) => remote.bag(picture) as Promise<Answer<Float32Array>>);

  /** A picture's bag vector with a thumbnail. @param side of the thumbnail, in pixels */
  seen = (picture: Pixels, side: number): Promise<Seen> =>
    this.#ask((remote) => remote.seen(picture, side) as Promise<Answer<Seen>>);

  /** Vectors, whitened by their own statistics. */
  whitened = (vectors: Matrix, ridge: number): Promise<Matrix> =>
    this.#ask((remote) => remote.whitened(vectors, ridge) as Promise<Answer<Matrix>>);

  [Symbol.dispose](): void {
    this.#started.worker.terminate();
  }

  #opening: Question<string> = (remote) => remote.open(this.#which, this.#device) as Promise<Answer<string>>;

  async #ask<T>(question: Question<T>): Promise<T> {
    const started = this.#started;
    try {
      return await started.ask(question);
    } catch (error) {
      const { code } = error as BagsslError;
      if (code !== 'device-lost' && code !== 'device-unavailable') throw error;
      if (started === this.#started) {
        if (this.#device === 'wasm') throw error;
        this.#giveUpCard();
      }
      return this.#ask(question);
    }
  }

  /** ONNX Runtime fails with its card, so another worker opens the encoder again. */
  #giveUpCard(): void {
    this.#withoutCard = true;
    this.#device = 'wasm';
    this.#started.worker.terminate(new BagsslError('device-lost', 'The graphics card was given up.'));
    this.#started = new Started(this.#opening);
    this.onLoss();
  }
}
