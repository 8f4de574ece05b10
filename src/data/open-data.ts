import { stat } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, given, oneOf, optionsOf, type Rules, SWITCH, whole } from '../base/options.ts';
import { builtinScenes } from './builtin-scenes.ts';
import { findCifarFolder, openCifarFolder } from './cifar-folder.ts';
import { DECODED_SET_RULES } from './decoded-set.ts';
import { type ImageFolderOptions, openImageFolder } from './image-folder.ts';
import type { ImageSet } from './image-set.ts';
import { firstOf, partOf, SHARD_RULES, type Shard, shardRange } from './subset.ts';

/** How a data set is opened. */
export interface OpenDataOptions extends ImageFolderOptions {
  /**
   * Which part. Default: the training set if the data are divided, otherwise everything. Of an undivided folder of images, one
   * image in five of each class, always the same ones, is in `test` and the others in `train`.
   */
  readonly split?: 'train' | 'test';
  /** Open an undivided folder of images whole, whatever `split` says. Default false. */
  readonly whole?: boolean;
  /** At most this many images: the first, or in a folder with classes the first of each class in turn. Default: all. */
  readonly limit?: number;
  /** One part of those images; of a folder, only that part's files are read. Default: all. */
  readonly shard?: Shard;
  /** Which scenes `builtin` makes: a whole number, 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

const { classes: _, ...DECODING } = DECODED_SET_RULES;
const RULES: Rules<OpenDataOptions> = {
  ...DECODING,
  split: oneOf('train', 'test'),
  whole: SWITCH,
  limit: whole(1),
  shard: optionsOf(SHARD_RULES),
  seed: whole(0),
};

/**
 * Opens images for training, embedding or evaluation. A folder's images are all decoded now; `OpenDataOptions` sets their size
 * and the memory they may take.
 * @param path `builtin` (generated scenes), a folder of CIFAR-10's binary batches, or a folder of JPEG, PNG or WebP
 * images: one subfolder per class, or flat, or `train` and `test` folders with either inside
 * @throws BagsslError `bad-data` naming the path or file, what was found and what was expected; `bad-argument`; `aborted`
 */
export async function openData(path: string, options: OpenDataOptions = {}): Promise<ImageSet> {
  given(typeof path === 'string', path, 'path', '"builtin" or the path of a folder');
  checkOptions('openData', options, RULES);
  const { seed, ...inFolder } = options;
  const { split, limit, shard } = options;
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
      `${path} ${what}. Give "builtin", a folder of CIFAR-10 batches (data_batch_*.bin, test_batch.bin), or a folder of JPEG, PNG or WebP images, flat or with one subfolder per class.`,
    );
  }
  const cifar = await findCifarFolder(path);
  if (cifar) return part(await openCifarFolder(cifar, split));
  return openImageFolder(path, inFolder);
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'does not exist' : `cannot be opened (${message})`;
}
