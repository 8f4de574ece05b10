import { BagsslError } from '../base/errors.ts';
import type { ImageSet } from './image-set.ts';
import { partOf } from './shard.ts';

/** @throws BagsslError `bad-argument` unless `limit` is absent or a whole number from 1 */
export function checkLimit(limit: number | undefined): void {
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1)) {
    throw new BagsslError('bad-argument', `The limit is ${limit} images; it must be a whole number from 1.`);
  }
}

/** The first `limit` images of a set, or all. */
export function firstOf(set: ImageSet, limit?: number): ImageSet {
  checkLimit(limit);
  return limit === undefined || limit >= set.length ? set : partOf(set, 0, limit);
}

/**
 * `limit` of `items`, in their order: the first of every group, then the second of every group, and so on, so that a part
 * of a folder sorted by class still holds every class. Without groups, the first ones.
 */
export function firstOfEach<T>(items: readonly T[], groupOf: (item: T) => string | undefined, limit?: number): T[] {
  checkLimit(limit);
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
