import { BagsslError } from '../base/errors.ts';
import type { ImageSet } from '../data/image-set.ts';

/**
 * Labels are numbers of classes, so two sets are comparable only if their classes have the same numbers.
 * @throws BagsslError `bad-data` for sets that name other classes
 */
export function checkSameClasses(a: ImageSet, b: ImageSet): void {
  if (!a.classes || !b.classes || JSON.stringify(a.classes) === JSON.stringify(b.classes)) return;
  const has = ({ name, classes = [] }: ImageSet) => `${name} has ${classes.join(', ')}`;
  throw new BagsslError('bad-data', `The classes differ: ${has(a)}; ${has(b)}.`);
}
