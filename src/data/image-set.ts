import type { Pixels } from '../base/pixels.ts';

/** Images by index, with a class for each where one is known. */
export interface ImageSet {
  /** For messages and logs: where the images came from. */
  readonly name: string;
  /** How many images there are. */
  readonly length: number;
  /** Class names, in index order; absent when the images have no labels. */
  readonly classes?: readonly string[];
  /** One class index per image; absent when the images have no labels. */
  readonly labels?: Int32Array;
  /** What names each image in random draws, rising; absent: its index. In a part of a set, what it is in the whole. */
  readonly ids?: ArrayLike<number>;
  /** The file of each image, relative to where the set was opened; absent when they do not come from files. */
  readonly files?: readonly string[];
  /** Files that could not be read, left out of the set. */
  readonly skipped?: readonly { file: string; reason: string }[];
  /** The image at `index`, 0 ≤ index < length. */
  image(index: number): Pixels | Promise<Pixels>;
}
