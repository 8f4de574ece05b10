import { stat } from 'node:fs/promises';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, given, oneOf, optionsOf, type Rules, SIGNAL, SWITCH, whole } from '../base/options.ts';
import { builtinScenes } from './builtin-scenes.ts';
import { findCifarFolder, openCifarFolder } from './cifar-folder.ts';
import { DECODED_SET_RULES } from './decoded-set.ts';
import { type ImageFolderOptions, openImageFolder } from './image-folder.ts';
import type { ImageSet } from './image-set.ts';
import { IMAGE_TYPES } from './image-type.ts';
import { firstOf, partOf, SHARD_RULES, type Shard, shardRange } from './subset.ts';

/** How a data set is opened. */
export interface OpenDataOptions extends ImageFolderOptions {
  /**
   * Which part. Default: everything; where folders `train`, `test` (`val`, `validation`) and `unlabeled` divide the data, all but
   * the test set; of CIFAR-10 and `builtin` the training set. Of an undivided folder of images, one image in five of each
   * first-level folder, always the same ones, is in `test` and the others in `train`.
   */
  readonly split?: 'train' | 'test';
  /** Open a folder of images whole: nothing is held out of an undivided one, and of a divided one without `split` nothing either. */
  readonly whole?: boolean;
  /**
   * Take the first folder that an image is in as its class, and leave out images that are in none. Default false: every image, no
   * labels. CIFAR-10 and `builtin` always have labels.
   */
  readonly labels?: boolean;
  /** At most this many images: the first, or in a folder the first of each first-level folder in turn. Default: all. */
  readonly limit?: number;
  /** One part of those images. Default: all. */
  readonly shard?: Shard;
  /** Which scenes `builtin` makes: a whole number, 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

const { classes: _, skipped: __, ...DECODING } = DECODED_SET_RULES;
const RULES: Rules<OpenDataOptions> = {
  ...DECODING,
  split: oneOf('train', 'test'),
  whole: SWITCH,
  labels: SWITCH,
  limit: whole(1),
  shard: optionsOf(SHARD_RULES),
  seed: whole(0),
  followLinks: oneOf('inside', 'anywhere'),
  onProgress: FUNCTION,
  signal: SIGNAL,
};

/**
 * Opens images for training, embedding or evaluation. Of a folder only the beginning of each file is read now, which decides whether
 * it is an image; images are decoded when they are asked for, and those used last are kept (`cacheBytes`). What is left out is in
 * `skipped`, each with its reason.
 * @param path `builtin` (generated scenes), a folder of CIFAR-10's binary batches, or a folder of images at any
 * depth
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

  await checkFolder(
    path,
    `Give "builtin", a folder of CIFAR-10 batches (data_batch_*.bin, test_batch.bin), or a folder of ${IMAGE_TYPES} images, at any depth.`,
  );
  const cifar = await findCifarFolder(path);
  if (cifar) return part(await openCifarFolder(cifar, split));
  return openImageFolder(path, inFolder);
}

/** @throws BagsslError `bad-data` unless there is a folder at `path`, with what to give instead */
export async function checkFolder(path: string, advice: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error);
  if (!(found instanceof Error) && found.isDirectory()) return;
  const what = found instanceof Error ? explain(found) : 'is a file, not a folder';
  throw new BagsslError('bad-data', `${path} ${what}. ${advice}`);
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  return code === 'ENOENT' ? 'does not exist' : `cannot be opened (${message})`;
}
