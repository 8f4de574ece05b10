import { BagsslError } from '../base/errors.ts';
import { needed, type Rules, whole } from '../base/options.ts';
import type { ImageSet } from './image-set.ts';

/**
 * Images that are embedded together. An engine may round a row differently depending on its neighbours, so no batch crosses a
 * multiple of this: shards of whole blocks then give the same bits as the whole set.
 */
export const BLOCK = 256;

/** One of `count` parts of a set. */
export interface Shard {
  /** Which part it is, 1 to `count`. */
  readonly index: number;
  /** How many parts there are. */
  readonly count: number;
}

export const SHARD_RULES: Rules<Shard> = { index: needed(whole(1)), count: needed(whole(1)) };

/** A shard from text such as "3/8". @throws BagsslError `bad-argument`, quoting it */
export function parseShard(text: string): Shard {
  const [, index, count] = /^(\d{1,6})\/(\d{1,6})$/.exec(String(text).trim()) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index === undefined || shard.index < 1 || shard.index > shard.count) {
    throw new BagsslError('bad-argument', `The shard is "${text}"; it must be I/N with I from 1 to N, such as 3/8.`);
  }
  return shard;
}

/**
 * The images of a shard, [from, to): whole blocks, as equal as possible. All shards in order are all images.
 * @throws BagsslError `bad-argument` if there are more shards than blocks
 */
export function shardRange({ index, count }: Shard, length: number): [from: number, to: number] {
  const blocks = Math.ceil(length / BLOCK);
  if (!(Number.isInteger(index) && index >= 1 && index <= count && count <= blocks)) {
    throw new BagsslError(
      'bad-argument',
      `There is no shard ${index}/${count} of ${length} images: a shard is whole blocks of ${BLOCK} images, so there can be 1 to ${blocks} shards.`,
    );
  }
  const edge = (k: number) => Math.min(length, BLOCK * Math.floor((k * blocks) / count));
  return [edge(index - 1), edge(index)];
}

/** The block of the image with this id. */
export const blockOf = (id: number): number => Math.floor(id / BLOCK);

/** The images at these indices, with the ids they have in the set. */
export function subsetOf(set: ImageSet, indices: readonly number[]): ImageSet {
  const { name, classes, labels, ids, files, skipped } = set;
  return {
    name,
    length: indices.length,
    classes,
    labels: labels && Int32Array.from(indices, (index) => labels[index]),
    ids: indices.map((index) => ids?.[index] ?? index),
    files: files && indices.map((index) => files[index]),
    skipped,
    image: (index) => set.image(indices[index]),
  };
}

/** The images [from, to) of a set, with the ids they have in it. */
export const partOf = (set: ImageSet, from: number, to: number): ImageSet =>
  subsetOf(
    set,
    Array.from({ length: to - from }, (_, k) => from + k),
  );

/** The first `limit` images of a set, or all. */
export function firstOf(set: ImageSet, limit?: number): ImageSet {
  return limit === undefined || limit >= set.length ? set : partOf(set, 0, limit);
}

/**
 * `limit` of `items`, in their order: the first of every group, then the second of every group, and so on. So a limit on a
 * folder sorted by class still keeps every class. Without groups: the first items.
 */
export function firstOfEach<T>(items: readonly T[], groupOf: (item: T) => string | undefined, limit?: number): T[] {
  if (limit === undefined || limit >= items.length) return [...items];
  const seen = new Map<string | undefined, number>();
  const turns = items.map((item, index) => {
    const turn = seen.get(groupOf(item)) ?? 0;
    seen.set(groupOf(item), turn + 1);
    return { turn, index };
  });
  const chosen = turns.sort((a, b) => a.turn - b.turn || a.index - b.index).slice(0, limit);
  return chosen.sort((a, b) => a.index - b.index).map(({ index }) => items[index]);
}
