/** A number for each buffer, so that one can be named in another thread. */
const numbers = new WeakMap<ArrayBufferLike, number>();
let next = 0;

/** Which images another thread keeps: those used last, within a budget of bytes. */
export class KeptImages {
  /** Bytes by key, least recently used first. */
  readonly #sizes = new Map<string, number>();
  #bytes = 0;

  constructor(private readonly budget: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** A name for an image that will not change: its id and where its bytes lie. */
  keyOf(id: number, { buffer, byteOffset, length }: Uint8Array | Uint8ClampedArray): string {
    let number = numbers.get(buffer);
    if (number === undefined) {
      number = next++;
      numbers.set(buffer, number);
    }
    return `${id} ${number} ${byteOffset} ${length}`;
  }

  /** Notes the use of an image. Returns whether it is there already; if not, it has to be sent now. */
  touch(key: string, bytes: number): boolean {
    const known = this.#sizes.delete(key);
    this.#sizes.set(key, bytes);
    if (!known) this.#bytes += bytes;
    return known;
  }

  /** Strikes out what exceeds the budget, and returns it. */
  evict(): string[] {
    const dropped: string[] = [];
    for (const [key, bytes] of this.#sizes) {
      if (this.#bytes <= this.budget) break;
      this.#sizes.delete(key);
      this.#bytes -= bytes;
      dropped.push(key);
    }
    return dropped;
  }
}
