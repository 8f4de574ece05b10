import { BagsslError, type ErrorCode } from 'bagssl';
import type { Feature, PatchMap } from 'bagssl/embed';
import type { Pixels, Placement } from 'bagssl/patches';
import { type Remote, wrap } from 'comlink';

/** Which encoder a page embeds with: the one that comes with the package, or the one trained here last. */
export type Which = 'shipped' | 'own';

export type Answer<T> =
  | { readonly value: T }
  | { readonly error: { readonly code?: ErrorCode; readonly message: string } };

/** What the worker answers. */
export interface EmbeddingFace {
  ready(): Promise<boolean>;
  open(which: Which, device: 'webgpu' | 'wasm'): Promise<Answer<Feature[]>>;
  patches(picture: Pixels, placement: Placement): Promise<Answer<PatchMap[]>>;
  bag(picture: Pixels): Promise<Answer<Float32Array>>;
}

/** Seconds that the worker may take to start. */
const START_SECONDS = 30;

/** Embedding in a worker of its own, as ONNX Runtime would hold the page up while it computes. */
export class Embedding {
  readonly #face: Remote<EmbeddingFace>;
  readonly #failed: Promise<never>;
  #ready: Promise<unknown> | undefined;

  constructor() {
    const worker = new Worker(new URL('./embedding.worker.js', import.meta.url), { type: 'module' });
    this.#face = wrap<EmbeddingFace>(worker);
    this.#failed = new Promise((_, reject) => {
      const fail = (why: string) => reject(new BagsslError('worker-failed', `The worker that embeds ${why}.`));
      worker.onerror = (event) => {
        event.preventDefault();
        fail(`did not run: ${event.message ?? 'no reason given'}`);
      };
      const late = setTimeout(() => fail(`has not started after ${START_SECONDS} seconds`), 1000 * START_SECONDS);
      this.#ready = this.#face.ready().then(() => clearTimeout(late));
    });
    this.#failed.catch(() => undefined);
  }

  /** Opens an encoder, and tells the features it gives. A later call takes the earlier one's place. */
  open = (which: Which, device: 'webgpu' | 'wasm'): Promise<Feature[]> =>
    this.#ask((face) => face.open(which, device) as Promise<Answer<Feature[]>>);

  /** A picture's patches, in each feature. */
  patches = (picture: Pixels, placement: Placement): Promise<PatchMap[]> =>
    this.#ask((face) => face.patches(picture, placement) as Promise<Answer<PatchMap[]>>);

  /** A picture's bag vector, in the first feature. */
  bag = (picture: Pixels): Promise<Float32Array> =>
    this.#ask((face) => face.bag(picture) as Promise<Answer<Float32Array>>);

  async #ask<T>(ask: (face: Remote<EmbeddingFace>) => Promise<Answer<T>>): Promise<T> {
    await Promise.race([this.#ready, this.#failed]);
    const answer = await Promise.race([ask(this.#face), this.#failed]);
    if ('value' in answer) return answer.value;
    const { code, message } = answer.error;
    throw code ? new BagsslError(code, message) : new Error(message);
  }
}
