import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';

/** Decoded images by index: those used last, within a number of bytes. An image that is asked for twice is decoded once. */
export class ImageCache {
  /** Least recently used first. */
  readonly #kept = new Map<number, Pixels>();
  readonly #coming = new Map<number, Promise<Pixels>>();
  /** Images that cannot be read: a run must find the same ones unreadable however often it asks. */
  readonly #bad = new Map<number, BagsslError>();
  readonly #waiting: (() => void)[] = [];
  #bytes = 0;
  #busy = 0;

  /** @param most images decoded at the same time */
  constructor(
    private readonly decode: (index: number) => Promise<Pixels>,
    private readonly bytes: number,
    private readonly most: number,
  ) {}

  get(index: number): Pixels | Promise<Pixels> {
    const kept = this.#kept.get(index);
    if (kept) {
      this.#kept.delete(index);
      this.#kept.set(index, kept);
      return kept;
    }
    const bad = this.#bad.get(index);
    if (bad) return Promise.reject(bad);
    const coming = this.#coming.get(index) ?? this.#start(index);
    this.#coming.set(index, coming);
    return coming;
  }

  async #start(index: number): Promise<Pixels> {
    if (this.#busy >= this.most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#busy++;
    try {
      const pixels = await this.decode(index);
      this.#keep(index, pixels);
      return pixels;
    } catch (error) {
      if (error instanceof BagsslError && error.code === 'bad-data') this.#bad.set(index, error);
      throw error;
    } finally {
      this.#coming.delete(index);
      // The next one takes over this one's turn.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#busy--;
    }
  }

  #keep(index: number, pixels: Pixels): void {
    if (pixels.data.byteLength > this.bytes) return;
    this.#kept.set(index, pixels);
    this.#bytes += pixels.data.byteLength;
    for (const [oldest, { data }] of this.#kept) {
      if (this.#bytes <= this.bytes) return;
      this.#kept.delete(oldest);
      this.#bytes -= data.byteLength;
    }
  }
}
