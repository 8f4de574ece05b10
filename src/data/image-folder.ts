import { readFile, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../base/errors.ts';
import { type DecodedSetOptions, decodedSet } from './decoded-set.ts';
import type { ImageSet } from './image-set.ts';
import { type ListedImage, type Listing, listImages, readFolder } from './list-images.ts';
import { firstOfEach, type Shard, shardRange } from './subset.ts';

export interface ImageFolderOptions extends Omit<DecodedSetOptions, 'classes'> {
  readonly split?: 'train' | 'test';
  /** Open an undivided folder whole, whatever `split` says. */
  readonly whole?: boolean;
  readonly limit?: number;
  readonly shard?: Shard;
}

const TEST_NAMES = ['test', 'val', 'valid', 'validation'];
/** In an undivided folder, the last of every five images of a class, by name, belongs to the test set. */
export const ONE_IN = 5;
/** No picture of 100 megapixels or fewer needs a larger file. */
const LARGEST_FILE = 512 * 1024 ** 2;

/**
 * Opens a folder of images: one subfolder per class, or flat and without labels; or `train` and `test` (or `val`, `valid`,
 * `validation`) with either inside.
 * @throws BagsslError `bad-data` if there are no images or none can be read
 */
export async function openImageFolder(folder: string, options: ImageFolderOptions = {}): Promise<ImageSet> {
  const { split, whole, limit, shard, ...decoding } = options;
  const division = await findDivision(folder);
  let listing: Listing;
  let name = folder;
  // Of both sets, so that their labels agree even if one lacks a class.
  let all: ListedImage[];
  if (division) {
    const wanted = split ?? 'train';
    if (wanted === 'test' && !division.test) {
      throw new BagsslError('bad-data', `${folder} has a train folder, but no test set (${TEST_NAMES.join(', ')}).`);
    }
    const part = division[wanted]!;
    name = join(folder, part);
    listing = await listImages(name, folder);
    const other = wanted === 'train' ? division.test : division.train;
    all = other ? [...listing.images, ...(await listImages(join(folder, other), folder)).images] : listing.images;
  } else {
    listing = await listImages(folder);
    all = listing.images;
    if (split && !whole) {
      listing = { ...listing, images: part(listing.images, split) };
      name = `${folder} (${split}: ${split === 'test' ? 1 : ONE_IN - 1} in ${ONE_IN} images of a class)`;
    }
  }
  if (listing.images.length === 0 && all.length > 0) {
    throw new BagsslError(
      'bad-data',
      `${name}: no images. The ${split} set takes ${split === 'test' ? 'one' : `${ONE_IN - 1}`} in ${ONE_IN} images of each class; ${all.length} in all are too few.`,
    );
  }
  if (listing.images.length === 0) throw noImages(name);

  const classes = [...new Set(all.flatMap(({ className }) => className ?? []))].sort();
  const base = division ? name : folder;
  const chosen = firstOfEach(listing.images, ({ className }) => className, limit);
  const [from, to] = shard ? shardRange(shard, chosen.length) : [0, chosen.length];
  const sources = chosen.slice(from, to).map(({ file, className }, k) => ({
    file,
    id: from + k,
    label: className === undefined ? undefined : classes.indexOf(className),
    read: () => readImageFile(join(base, file), file),
  }));
  const labelled = chosen.every(({ className }) => className !== undefined);
  const set = await decodedSet(name, sources, { ...decoding, classes: labelled ? classes : undefined });
  return { ...set, skipped: [...listing.skipped, ...(set.skipped ?? [])] };
}

const noImages = (name: string) =>
  new BagsslError(
    'bad-data',
    `${name} holds no images. Give a folder of JPEG, PNG or WebP files, flat or with one subfolder per class; or of CIFAR-10 batches (data_batch_*.bin, test_batch.bin); or "builtin".`,
  );

/** `train` and its counterpart, if no other subfolder could be a class. */
async function findDivision(folder: string): Promise<{ train: string; test?: string } | undefined> {
  const { folders, files } = await readFolder(folder, await realpath(folder));
  const known = ['train', ...TEST_NAMES];
  if (files.length || !folders.includes('train') || !folders.every((name) => known.includes(name))) return undefined;
  return { train: 'train', test: TEST_NAMES.find((name) => folders.includes(name)) };
}

/** The images of each class that belong to `split`, by their position among the class's names: always the same ones. */
function part(images: readonly ListedImage[], split: 'train' | 'test'): ListedImage[] {
  const seen = new Map<string | undefined, number>();
  return images.filter(({ className }) => {
    const place = seen.get(className) ?? 0;
    seen.set(className, place + 1);
    return (place % ONE_IN === ONE_IN - 1) === (split === 'test');
  });
}

async function readImageFile(path: string, file: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > LARGEST_FILE) {
    throw new BagsslError('bad-data', `${file}: the file is ${size} bytes; at most ${LARGEST_FILE} are read.`);
  }
  return readFile(path);
}
