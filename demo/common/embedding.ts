import { BagsslError } from 'bagssl';
import type { Matrix, PatchMap } from 'bagssl/embed';
import type { Pixels, Placement } from 'bagssl/patches';
import type { Answer } from './answer.ts';
import type { Engine } from './engine.ts';
import { Link, type Question, type Startable } from './link.ts';

/** Which encoder a page embeds with: the one that comes with the package, the one trained here last, or a file's bytes. */
export type Which = 'shipped' | 'own' | Uint8Array;

/** What the worker answers. */
export interface EmbeddingFace extends Startable {
  open(which: Which, device: Engine['device']): Promise<Answer<string>>;
  patches(picture: Pixels, placement: Placement): Promise<Answer<PatchMap[]>>;
  bag(picture: Pixels): Promise<Answer<Float32Array>>;
  whitened(vectors: Matrix, ridge: number): Promise<Answer<Matrix>>;
}

type Asked<T> = Question<EmbeddingFace, T>;

/**
 * Embedding in a worker of its own, as ONNX Runtime would hold the page up while it computes. Where the graphics card does not
 * start, or is lost amid the work, it goes on on the processor.
 */
export class Embedding implements Disposable {
  #link = openLink();
  #which: Which = 'shipped';
  #device: Engine['device'] = 'wasm';
  #withoutCard = false;

  /** @param onLoss is told once, when the graphics card is given up */
  constructor(private readonly onLoss: () => void) {}

  /** Opens an encoder, and tells its fingerprint. A later call takes the earlier one's place. */
  async open(which: Which, device: Engine['device']): Promise<string> {
    this.#which = which;
    this.#device = this.#withoutCard ? 'wasm' : device;
    return this.#ask(this.#opening);
  }

  /** A picture's patches, in each feature. */
  patches = (picture: Pixels, placement: Placement): Promise<PatchMap[]> =>
    this.#ask((face) => face.patches(picture, placement) as Promise<Answer<PatchMap[]>>);

  /** A picture's bag vector, in the first feature. */
  bag = (picture: Pixels): Promise<Float32Array> =>
    this.#ask((face) => face.bag(picture) as Promise<Answer<Float32Array>>);

  /** Vectors, whitened as they themselves say. */
  whitened = (vectors: Matrix, ridge: number): Promise<Matrix> =>
    this.#ask((face) => face.whitened(vectors, ridge) as Promise<Answer<Matrix>>);

  [Symbol.dispose](): void {
    this.#link.end();
  }

  #opening: Asked<string> = (face) => face.open(this.#which, this.#device) as Promise<Answer<string>>;

  async #ask<T>(question: Asked<T>): Promise<T> {
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
    this.#link = openLink(this.#opening);
    this.onLoss();
  }
}

function openLink(first?: Asked<unknown>): Link<EmbeddingFace> {
  const worker = new Worker(new URL('./embedding.worker.js', import.meta.url), { type: 'module' });
  return new Link(worker, 'embeds', first);
}
