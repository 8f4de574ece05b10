import type { Rule, Rules } from '../../base/options.ts';
import type { Stream } from '../../base/random.ts';

/** A function on a patch [3, size, size] in 0..1, changed in place. */
export type OnTile<Amount> = (tile: Float32Array, amount: Amount) => void;

/** The patch in work. */
export interface Tile {
  /** Changes it by a kernel of that name in `assembly/`; the amount is a number, or a list of at most a side's numbers. */
  readonly kernels: Readonly<Record<string, (amount: number | Float32Array) => void>>;
  /** Changes it by a function, where there is no kernel. */
  run<Amount>(change: OnTile<Amount>, amount: Amount): void;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * What a recipe may ask of an augmentation, and what it may draw. Jobs are checked in the calling thread and cut in workers, so
 * the rules are a value of their own that workers do not load.
 * @template Field its one field of a recipe
 * @template Drawn its fields of a patch's parameters
 */
export interface FieldRules<Field extends object, Drawn extends object> {
  /** What the field may hold, for patches of `size` pixels a side. */
  rule(size: number): Rule;
  /** What may be drawn, for patches of `size` pixels a side. */
  drawn(size: number): Rules<Drawn>;
  /** The field where nothing is augmented. */
  readonly off: Field;
}

/** How one augmentation of the package is drawn and applied. */
export interface BuiltIn<Field extends object, Drawn extends object> {
  /** Its field of a recipe. */
  readonly name: keyof Field & string;
  /** What is drawn for a patch that stays as it is. */
  readonly none: Drawn;
  /** How many numbers `draw` takes from the stream: always the same, so that every choice has its own place. */
  readonly places: number;
  draw(options: Required<Field>[keyof Field], stream: Stream, patch: Writable<Drawn>): void;
  change(tile: Tile, patch: Drawn): void;
}
