import { BagsslError } from '../base/errors.ts';
import type { ImageSet } from './image-set.ts';

/**
 * Images that are embedded together. Engines may round a row otherwise when others stand beside it, so what is computed at once
 * never reaches across a multiple of this: shards of whole blocks then have the bits of the whole.
 */
export const BLOCK = 256;

/** Part `index`, from 1, of `count` parts of a set. */
export interface Shard {
  /** Which part it is, 1 to `count`. */
  readonly index: number;
  /** How many parts there are. */
  readonly count: number;
}

/** A shard from text such as "3/8". @throws BagsslError `bad-argument`, quoting it */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(String(text).trim()) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index === undefined || shard.index < 1 || shard.index > shard.count) {
    throw new BagsslError('bad-argument', `The shard is "${text}"; it must be I/N, I from 1 to N, such as 3/8.`);
  }
  return shard;
}

/**
 * The images of a shard, [from, to): whole blocks, as even as they can be; one shard after the other they are all images.
 * @throws BagsslError `bad-argument` where there are more shards than blocks
 */
export function shardRange({ index, count }: Shard, length: number): [from: number, to: number] {
  const blocks = Math.ceil(length / BLOCK);
  if (!(Number.isInteger(index) && index >= 1 && index <= count && count <= blocks)) {
    throw new BagsslError(
      'bad-argument',
      `There is no shard ${index}/${count} of ${length} images: they are cut in blocks of ${BLOCK}, so there can be 1 to ${blocks} shards.`,
    );
  }
  const edge = (k: number) => Math.min(length, BLOCK * Math.floor((k * blocks) / count));
  return [edge(index - 1), edge(index)];
}

/** The block of the image of an id. */
export const blockOf = (id: number): number => Math.floor(id / BLOCK);

/** The images from `from` to before `to`, under the ids they have in the whole. */
export function partOf(set: ImageSet, from: number, to: number): ImageSet {
  const { name, classes, labels, ids, files, skipped } = set;
  return {
    name,
    length: to - from,
    classes,
    labels: labels?.subarray(from, to),
    ids: Array.from({ length: to - from }, (_, k) => ids?.[from + k] ?? from + k),
    files: files?.slice(from, to),
    skipped,
    image: (index) => set.image(from + index),
  };
}
