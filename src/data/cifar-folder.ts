import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BagsslError } from '../base/errors.ts';
import { cifarSet, readCifarBatch, readClassNames } from './cifar.ts';
import type { ImageSet } from './image-set.ts';

const BATCH = { train: /^data_batch_(\d+)\.bin$/, test: /^test_batch\.bin$/ };
const NAMES = 'batches.meta.txt';

/** The folder with CIFAR-10's binary batches: this one, or the subfolder that the archive unpacks to; otherwise undefined. */
export async function findCifarFolder(folder: string): Promise<string | undefined> {
  for (const place of [folder, join(folder, 'cifar-10-batches-bin')]) {
    const names = await readdir(place).catch(() => []);
    if (names.some((name) => BATCH.train.test(name) || BATCH.test.test(name))) return place;
  }
  return undefined;
}

/**
 * Opens a folder's training batches (those it has, in order of their numbers) or its test batch.
 * @throws BagsslError `bad-data` if there are none, or one is damaged
 */
export async function openCifarFolder(folder: string, split: 'train' | 'test' = 'train'): Promise<ImageSet> {
  const names = await readdir(folder);
  const number = (name: string) => Number(BATCH.train.exec(name)?.[1] ?? 0);
  const files = names.filter((name) => BATCH[split].test(name)).sort((a, b) => number(a) - number(b));
  if (files.length === 0) {
    const wanted = split === 'train' ? 'training set (data_batch_1.bin and so on)' : 'test set (test_batch.bin)';
    throw new BagsslError('bad-data', `${folder} holds CIFAR-10 batches, but no ${wanted}.`);
  }
  const batches = await Promise.all(
    files.map(async (name) => {
      const path = join(folder, name);
      const { buffer, byteOffset, byteLength } = await readFile(path);
      return readCifarBatch(new Uint8Array(buffer, byteOffset, byteLength), path);
    }),
  );
  const path = join(folder, NAMES);
  const classes = names.includes(NAMES) ? readClassNames(await readFile(path, 'utf8'), path) : undefined;
  return cifarSet(batches, `CIFAR-10 ${split} (${folder})`, classes);
}
