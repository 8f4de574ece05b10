import { given } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';

/** A file or folder that was left out. */
export interface SkippedFile {
  /** Relative to where the set was opened, with `/`; a folder ends with one. */
  readonly file: string;
  /** Why, the same text for all that are left out for one reason, so that they can be counted. */
  readonly reason: string;
}

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
  /** The number of each image in random draws, ascending; default: its index. A part of a set keeps the numbers of the whole. */
  readonly ids?: ArrayLike<number>;
  /** The file of each image, relative to where the set was opened, with `/`; absent when they do not come from files. */
  readonly files?: readonly string[];
  /** What was left out. A file that turns out unreadable when its image is first asked for is added then. */
  readonly skipped?: readonly SkippedFile[];
  /** The image at `index`, 0 ≤ index < length. Rejects with `bad-data` if it cannot be read. */
  image(index: number): Pixels | Promise<Pixels>;
}

/** @throws BagsslError `bad-argument` for anything but an image set, saying how to make one */
export function checkImageSet(set: ImageSet, what: string): void {
  const fits = typeof set?.length === 'number' && typeof set.image === 'function';
  const asked = 'an image set: openData (bagssl/node) makes one of a folder, decodedSet (bagssl/data) one of files';
  given(fits, set, what, asked);
}
