/** A step this many times as long as any before it, and longer than so many milliseconds, was interrupted. */
const FACTOR = 10;
const LEAST_MS = 10_000;

/**
 * Counts the time of training: a laptop asleep or a frozen tab makes one step last for hours, which must not use up a budget
 * of minutes. Such a step counts as much as the longest before it.
 */
export class Pace {
  #longest = 0;

  /** Milliseconds that count, of those a step took. */
  count(ms: number): number {
    if (this.#longest > 0 && ms > LEAST_MS && ms > FACTOR * this.#longest) return this.#longest;
    this.#longest = Math.max(this.#longest, ms);
    return ms;
  }
}
