import { BagsslError, type ErrorCode } from 'bagssl';
import type { Feature, PatchMap } from 'bagssl/embed';
import type { Pixels, Placement } from 'bagssl/patches';
import { type Remote, wrap } from 'comlink';
import type { Engine } from './engine.ts';

/** Which encoder a page embeds with: the one that comes with the package, or the one trained here last. */
export type Which = 'shipped' | 'own';

export type Answer<T> =
  | { readonly value: T }
  | { readonly error: { readonly code?: ErrorCode; readonly message: string } };

/** What the worker answers. */
export interface EmbeddingFace {
  ready(): Promise<boolean>;
  open(which: Which, device: Engine['device']): Promise<Answer<Feature[]>>;
  patches(picture: Pixels, placement: Placement): Promise<Answer<PatchMap[]>>;
  bag(picture: Pixels): Promise<Answer<Float32Array>>;
}

type Question<T> = (face: Remote<EmbeddingFace>) => Promise<Answer<T>>;

/** Seconds that the worker may take to start. */
const START_SECONDS = 30;

/**
 * Embedding in a worker of its own, as ONNX Runtime would hold the page up while it computes. Where the graphics card does not
 * start, or is lost amid the work, it goes on on the processor.
 */
export class Embedding {
  #link = new Link();
  #which: Which = 'shipped';
  #device: Engine['device'] = 'wasm';
  #withoutCard = false;

  /** @param onLoss is told once, when the graphics card is given up */
  constructor(private readonly onLoss: () => void) {}

  /** Opens an encoder, and tells the features it gives. A later call takes the earlier one's place. */
  async open(which: Which, device: Engine['device']): Promise<Feature[]> {
    this.#which = which;
    this.#device = this.#withoutCard ? 'wasm' : device;
    return this.#ask((face) => face.open(which, this.#device) as Promise<Answer<Feature[]>>);
  }

  /** A picture's patches, in each feature. */
  patches = (picture: Pixels, placement: Placement): Promise<PatchMap[]> =>
    this.#ask((face) => face.patches(picture, placement) as Promise<Answer<PatchMap[]>>);

  /** A picture's bag vector, in the first feature. */
  bag = (picture: Pixels): Promise<Float32Array> =>
    this.#ask((face) => face.bag(picture) as Promise<Answer<Float32Array>>);

  async #ask<T>(question: Question<T>): Promise<T> {
    const link = this.#link;
    try {
      return await link.ask(question);
    } catch (error) {
      const { code } = error as BagsslError;
      if (code !== 'device-lost' && code !== 'device-unavailable') throw error;
      if (link === this.#link) {
        if (this.#device === 'wasm') throw error;
        this.#giveUpCard();
      }
      return this.#ask(question);
    }
  }

  /** A card that is lost takes ONNX Runtime along, so another worker opens the encoder again. */
  #giveUpCard(): void {
    this.#withoutCard = true;
    this.#device = 'wasm';
    this.#link.end(new BagsslError('device-lost', 'The graphics card was given up.'));
    this.#link = new Link((face) => face.open(this.#which, 'wasm') as Promise<Answer<Feature[]>>);
    this.onLoss();
  }
}

/** One worker. */
class Link {
  readonly #worker = new Worker(new URL('./embedding.worker.js', import.meta.url), { type: 'module' });
  readonly #face = wrap<EmbeddingFace>(this.#worker);
  readonly #ready: Promise<unknown>;
  readonly #failed: Promise<never>;
  #fail!: (error: BagsslError) => void;

  /** @param first is asked before anything else */
  constructor(first?: Question<unknown>) {
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
    const fail = (why: string) => this.#fail(new BagsslError('worker-failed', `The worker that embeds ${why}.`));
    this.#worker.onerror = (event) => {
      event.preventDefault();
      fail(`did not run: ${event.message ?? 'no reason given'}`);
    };
    const late = setTimeout(() => fail(`has not started after ${START_SECONDS} seconds`), 1000 * START_SECONDS);
    this.#ready = this.#face.ready().then(() => {
      clearTimeout(late);
      return first && this.#answer(first);
    });
  }

  async ask<T>(question: Question<T>): Promise<T> {
    await Promise.race([this.#ready, this.#failed]);
    return this.#answer(question);
  }

  /** Ends the worker; what is asked of it fails with this error. */
  end(error: BagsslError): void {
    this.#worker.terminate();
    this.#fail(error);
  }

  async #answer<T>(question: Question<T>): Promise<T> {
    const answer = await Promise.race([question(this.#face), this.#failed]);
    if ('value' in answer) return answer.value;
    const { code, message } = answer.error;
    throw code ? new BagsslError(code, message) : new Error(message);
  }
}
