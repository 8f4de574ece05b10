import { stat } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { given, givenOptions } from '../base/options.ts';
import { builtinScenes } from './builtin.ts';
import { findCifarFolder, openCifarFolder } from './cifar-folder.ts';
import { type ImageFolderOptions, openImageFolder } from './image-folder.ts';
import type { ImageSet } from './image-set.ts';
import { checkLimit, firstOf } from './limit.ts';
import { partOf, type Shard, shardRange } from './shard.ts';

/** How a path is read. */
export interface OpenDataOptions extends ImageFolderOptions {
  /**
   * Which part. Absent: the training set where there is a division, else everything. A folder of images without a
   * division gives one image in five of each class, always the same ones, to `test` and the others to `train`.
   */
  readonly split?: 'train' | 'test';
  /** Take a folder of images without a division whole, whatever `split` says. Default false. */
  readonly whole?: boolean;
  /** At most this many images: the first, or the first of each class in turn where they lie by class. Default: all. */
  readonly limit?: number;
  /** One part of those images; of a folder, only its files are read. Absent: all. */
  readonly shard?: Shard;
  /** Which scenes `builtin` makes. Whole number, 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

/**
 * Opens images for training, embedding or evaluation. Folders of images are decoded whole, now; see
 * `OpenDataOptions` for their size in memory and progress.
 * @param path `builtin` (generated scenes), a folder of CIFAR-10's binary batches, or a folder of JPEG, PNG or WebP
 * images: one subfolder a class, or flat, or `train` and `test` with either inside
 * @throws BagsslError `bad-data` naming the path or file, what was found and what is expected; `bad-argument`; `aborted`
 */
export async function openData(path: string, options: OpenDataOptions = {}): Promise<ImageSet> {
  given(typeof path === 'string', path, 'path', '"builtin" or the path of a folder');
  givenOptions(options, 'openData', 'split, limit');
  const { split, limit, seed, shard } = options;
  if (split !== undefined && split !== 'train' && split !== 'test') {
    throw new BagsslError('bad-argument', `The split is ${JSON.stringify(split)}; it must be "train" or "test".`);
  }
  checkLimit(limit);
  const part = (set: ImageSet) => {
    const chosen = firstOf(set, limit);
    return shard ? partOf(chosen, ...shardRange(shard, chosen.length)) : chosen;
  };
  if (path === 'builtin') return part(builtinScenes({ split, seed }));

  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error || !found.isDirectory()) {
    const what = found instanceof Error ? explain(found) : 'is a file, not a folder';
    throw new BagsslError(
      'bad-data',
      `${path} ${what}. Data are "builtin", a folder of CIFAR-10 batches (data_batch_*.bin, test_batch.bin), or a folder of JPEG, PNG or WebP images, flat or with one subfolder a class.`,
    );
  }
  const cifar = await findCifarFolder(path);
  if (cifar) return part(await openCifarFolder(cifar, split));
  return openImageFolder(path, options);
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'does not exist' : `cannot be opened (${message})`;
}
