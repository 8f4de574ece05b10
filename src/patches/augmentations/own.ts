import { BagsslError } from '../../base/errors.ts';
import { Stream } from '../../base/random.ts';
import type { DrawKey } from '../crop.ts';

/** Random numbers that depend on the seed, the augmentation's name, the epoch, the image and the view alone. */
export interface RandomNumbers {
  /** Uniform in [0, 1), 24 bits. */
  uniform(): number;
  /** A whole number in [0, n), 1 ≤ n ≤ 2^32. */
  below(n: number): number;
}

/**
 * Your own augmentation. A recipe asks for it by `own: { [name]: options }`; a pool is given it by `augmentations`. Workers import
 * it, so write it as a module whose default export it is, and give the module's URL. Your own augmentations run after those of
 * the package and before normalisation, in the order in which the pool was given them.
 * @template Options what the recipe says: plain JSON
 * @template Drawn what is decided for one patch: plain JSON, so that the patch can be cut again
 */
export interface Augmentation<Options = unknown, Drawn = unknown> {
  /** Its name in a recipe's `own`, which is also part of the name of its random stream. */
  readonly name: string;
  /** Throws an error if the options are wrong. Runs before any patch is cut. */
  check?(options: Options): void;
  /**
   * Decides what happens to one patch of `size` × `size` pixels; undefined: the patch stays as it is. Use `random` alone for
   * chance: the same seed then gives the same patches on any number of workers.
   */
  draw(options: Options, random: RandomNumbers, size: number): Drawn | undefined;
  /**
   * Changes one patch in place.
   * @param tile [3, size, size], red, green and blue plane, values 0 to 1; leave them in that range
   */
  change(tile: Float32Array, drawn: Drawn, size: number): void;
}

/** The field of a recipe, and of a patch's parameters, for your own augmentations. */
export interface OwnField {
  /** Options (in a patch's parameters: what was drawn) of your own augmentations, by name: plain JSON; absent: none. */
  readonly own?: Readonly<Record<string, unknown>>;
}

/** Runs a user's code, whose errors carry its name. */
export function callOwn<T>({ name }: Augmentation, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof BagsslError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new BagsslError('bad-argument', `The augmentation "${name}" failed: ${text}`, { cause });
  }
}

/** What each augmentation that a recipe asks for decides, each from a stream of its own; undefined: nothing. */
export function drawOwn(
  own: readonly Augmentation[],
  options: Readonly<Record<string, unknown>>,
  { seed, epoch, image, view }: DrawKey,
  size: number,
): OwnField['own'] {
  let all: Record<string, unknown> | undefined;
  for (const one of own) {
    if (options[one.name] === undefined) continue;
    const stream = new Stream(seed, `own ${one.name}`, epoch, image, view);
    const drawn = callOwn(one, () => one.draw(options[one.name], stream, size));
    if (drawn === undefined) continue;
    all ??= {};
    all[one.name] = drawn;
  }
  return all;
}
