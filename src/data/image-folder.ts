import { readFile, stat } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { type DecodedSetOptions, decodedSet } from './decoded-set.ts';
import { type FolderPart, folderOf, isDivided, partOfFile } from './folder-parts.ts';
import type { ImageSet, SkippedFile } from './image-set.ts';
import { IMAGE_TYPES } from './image-type.ts';
import { type ListedImage, type ListOptions, listImages } from './list-images.ts';
import { skippedByReason } from './skipped-by-reason.ts';
import { firstOfEach, type Shard, shardRange } from './subset.ts';

export interface ImageFolderOptions extends Omit<DecodedSetOptions, 'classes' | 'skipped'>, ListOptions {
  readonly split?: 'train' | 'test';
  readonly whole?: boolean;
  readonly labels?: boolean;
  readonly limit?: number;
  readonly shard?: Shard;
}

/** In an undivided folder, the last of every five images of a first-level folder, by name, belongs to the test set. */
export const ONE_IN = 5;
/** No picture of 100 megapixels or fewer needs a larger file. */
const LARGEST_FILE = 512 * 1024 ** 2;

/**
 * Opens a folder of images, at any depth. With `labels` the class of an image is the first folder it is in, below `train` or `test`
 * where they divide the folder.
 * @throws BagsslError `bad-data` if there are no images; `aborted`
 */
export async function openImageFolder(folder: string, options: ImageFolderOptions = {}): Promise<ImageSet> {
  const { split, whole, labels, limit, shard, followLinks, onProgress, signal, ...decoding } = options;
  const { images, skipped } = await listImages(folder, { followLinks, onProgress, signal });
  if (images.length === 0) throw noImages(folder, skipped);
  const parted = isDivided(images);
  const divided = parted && !(whole && !split);
  const { name, chosen, all, left } = divided
    ? ofDivided(folder, images, split, labels)
    : ofUndivided(folder, images, whole ? undefined : split);

  const classOf = (image: ListedImage) => {
    const part = parted ? partOfFile(image) : 'train';
    return labels && (part === 'train' || part === 'test') ? folderOf(image, parted ? 1 : 0) : undefined;
  };
  const strays = labels ? chosen.filter((image) => classOf(image) === undefined) : [];
  const labelled = labels ? chosen.filter((image) => classOf(image) !== undefined) : chosen;
  if (labelled.length === 0) {
    throw new BagsslError(
      'bad-data',
      `${name}: none of its ${chosen.length} images is in a folder that could be its class; sort them into one folder for each class.`,
    );
  }
  // Of all parts, so that their labels agree even if one lacks a class.
  const classes = labels ? [...new Set(all.flatMap((image) => classOf(image) ?? []))].sort() : undefined;
  const number = new Map(classes?.map((one, index) => [one, index]));
  const some = firstOfEach(labelled, (image) => classOf(image) ?? folderOf(image, divided ? 1 : 0), limit);
  const [from, to] = shard ? shardRange(shard, some.length) : [0, some.length];
  const sources = some.slice(from, to).map((image, k) => ({
    file: image.file,
    id: from + k,
    label: number.get(classOf(image)!),
    read: () => readImageFile(image),
  }));
  const others = [...left, ...strays.map(({ file }) => ({ file, reason: 'in no folder that could be its class' }))];
  return decodedSet(name, sources, { ...decoding, classes, skipped: [...skipped, ...others] });
}

interface Choice {
  /** Of the set, for messages. */
  readonly name: string;
  readonly chosen: readonly ListedImage[];
  /** The images of all parts. */
  readonly all: readonly ListedImage[];
  /** What nobody asked to leave out. */
  readonly left: readonly SkippedFile[];
}

function ofDivided(
  folder: string,
  images: readonly ListedImage[],
  split: 'train' | 'test' | undefined,
  labels: boolean | undefined,
): Choice {
  const parts: readonly FolderPart[] = split === 'test' ? ['test'] : labels ? ['train'] : ['train', 'unlabeled'];
  const chosen = images.filter((image) => parts.includes(partOfFile(image)!));
  const folders = [...new Set(chosen.map((image) => folderOf(image)))];
  if (chosen.length === 0) {
    const there = [...new Set(images.flatMap((image) => folderOf(image) ?? []))].join(', ');
    const wanted = split === 'test' ? 'no test set (test, val, valid, validation)' : 'no training set (train)';
    throw new BagsslError('bad-data', `${folder} is divided into ${there}, but has ${wanted}.`);
  }
  const reasons = {
    train: 'in the training set',
    test: 'in the test set',
    unlabeled: 'without a label',
    none: `beside the folders ${folders.join(' and ')}`,
  };
  const left = images.filter((image) => {
    const part = partOfFile(image);
    return !parts.includes(part!) && (part === undefined || !split);
  });
  return {
    name: `${folder} (${folders.join(' and ')})`,
    chosen,
    all: images.filter((image) => ['train', 'test'].includes(partOfFile(image)!)),
    left: left.map(({ file }) => ({ file, reason: reasons[partOfFile({ file }) ?? 'none'] })),
  };
}

function ofUndivided(folder: string, images: readonly ListedImage[], split: 'train' | 'test' | undefined): Choice {
  if (!split) return { name: folder, chosen: images, all: images, left: [] };
  const share = split === 'test' ? 1 : ONE_IN - 1;
  const seen = new Map<string | undefined, number>();
  const chosen = images.filter((image) => {
    const place = seen.get(folderOf(image)) ?? 0;
    seen.set(folderOf(image), place + 1);
    return (place % ONE_IN === ONE_IN - 1) === (split === 'test');
  });
  if (chosen.length === 0) {
    throw new BagsslError(
      'bad-data',
      `${folder}: no images. The ${split} set takes ${share} in ${ONE_IN} images of each folder; ${images.length} in all are too few.`,
    );
  }
  return { name: `${folder} (${split}: ${share} in ${ONE_IN} images of a folder)`, chosen, all: images, left: [] };
}

/** What to say of a folder without a usable image: what it holds. */
export function noImages(
  folder: string,
  skipped: readonly SkippedFile[],
  others = '; or of CIFAR-10 batches (data_batch_*.bin, test_batch.bin); or "builtin"',
): BagsslError {
  const found = skipped.length ? `; left out: ${skippedByReason(skipped)}` : ', and no other file';
  return new BagsslError(
    'bad-data',
    `${folder} holds no images${found}. Give a folder of ${IMAGE_TYPES} files, at any depth${others}.`,
  );
}

/** The bytes of an image's file. @throws BagsslError `bad-data` for one that is too large for any image */
export async function readImageFile({ path, file }: Pick<ListedImage, 'path' | 'file'>): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > LARGEST_FILE) {
    throw new BagsslError('bad-data', `${file}: the file is ${size} bytes; at most ${LARGEST_FILE} are read.`);
  }
  return readFile(path);
}
