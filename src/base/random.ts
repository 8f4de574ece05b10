import { BagsslError } from './errors.ts';

/**
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011): four random words
 * as a pure function of a 128-bit counter and a 64-bit key. Only integer products, sums and xors, so every JavaScript
 * engine gives the same bits.
 */
export type Words = [number, number, number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Weyl increments of the key: the golden ratio and √3 − 1, in 32 bits. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The upper 32 bits of the 64-bit product of two unsigned words. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Each sum stays below 2³², so doubles hold it exactly.
  const cross = aHigh * bLow + ((aLow * bLow) >>> 16);
  const rest = aLow * bHigh + (cross & 0xffff);
  return (aHigh * bHigh + (cross >>> 16) + (rest >>> 16)) >>> 0;
}

/** One block: counter words `c0..c3`, key words `k0, k1`, all unsigned 32-bit. */
export function philox(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): Words {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

const TWO_32 = 4294967296;

/** FNV-1a, 32 bits, over UTF-16 units: turns the name of a purpose into a word of the key. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

function word(value: number, name: string): number {
  if (!Number.isInteger(value) || value < 0 || value >= TWO_32) {
    throw new BagsslError('bad-argument', `${name} is ${value}; it must be a whole number from 0 to 2^32 - 1.`);
  }
  return value;
}

/**
 * A sequence of random numbers that is a pure function of (seed, purpose, a, b, c): no state is shared, so any draw can
 * be made again, in any order, on any thread. The key is the seed (53 bits) with the purpose folded into its upper word;
 * a, b, c are counter words; the fourth counts blocks of four draws.
 */
export class Stream {
  readonly #k0: number;
  readonly #k1: number;
  readonly #a: number;
  readonly #b: number;
  readonly #c: number;
  #block = 0;
  #words: Words = [0, 0, 0, 0];
  #left = 0;

  /**
   * @param seed whole number, 0 to 2^53 - 1
   * @param purpose what the numbers are for, so that two uses of one seed never meet
   * @param a, b, c whole numbers, 0 to 2^32 - 1, such as epoch, image and view
   */
  constructor(seed: number, purpose: string | number, a = 0, b = 0, c = 0) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new BagsslError('bad-argument', `seed is ${seed}; it must be a whole number from 0 to 2^53 - 1.`);
    }
    this.#k0 = seed >>> 0;
    const name = typeof purpose === 'string' ? hash(purpose) : word(purpose, 'purpose');
    this.#k1 = (Math.floor(seed / TWO_32) ^ name) >>> 0;
    this.#a = word(a, 'a');
    this.#b = word(b, 'b');
    this.#c = word(c, 'c');
  }

  /** The next 32 random bits. */
  uint32(): number {
    if (this.#left === 0) {
      this.#words = philox(this.#block++, this.#a, this.#b, this.#c, this.#k0, this.#k1);
      this.#left = 4;
    }
    return this.#words[4 - this.#left--];
  }

  /** Uniform in [0, 1), 24 bits, so that it is exact in float32 as well. */
  uniform(): number {
    return (this.uint32() >>> 8) / 16777216;
  }

  /** A whole number in [0, n), 1 ≤ n ≤ 2^32. One draw; no value is more likely than another by more than n / 2^32. */
  below(n: number): number {
    return Math.floor((this.uint32() / TWO_32) * n);
  }

  /** The numbers 0 to n - 1 in random order (Fisher–Yates). */
  permutation(n: number): Uint32Array<ArrayBuffer> {
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) {
      const j = this.below(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
