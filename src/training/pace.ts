/** A step counts as interrupted if it is this many times as long as any before it and longer than this many milliseconds. */
const FACTOR = 10;
const LEAST_MS = 10_000;

/**
 * Counts training time. A sleeping laptop or a frozen tab makes one step last for hours, which must not use up a budget of
 * minutes. Such a step counts as long as the longest step before it.
 */
export class Pace {
  #longest = 0;

  /** How many of the milliseconds that a step took count as training. */
  count(ms: number): number {
    if (this.#longest > 0 && ms > LEAST_MS && ms > FACTOR * this.#longest) return this.#longest;
    this.#longest = Math.max(this.#longest, ms);
    return ms;
  }
}
