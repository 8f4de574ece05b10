import { findDuplicates } from '../bag/duplicates.ts';
import { SearchIndex } from '../bag/search-index.ts';
import { type Matrix, row } from '../base/matrix.ts';
import { type Measure, measureOf } from './measure.ts';

/** What `findDuplicates` groups by its default rule. */
export interface Grouped {
  /** Of each kind of altered copies, in one index with the images: the share that is in a group with its original. */
  readonly copies: Readonly<Record<string, Measure>>;
  /** Without copies: how many images are grouped with an earlier one. Near duplicates among the images, or mistakes. */
  readonly joined: number;
}

/** @param copies by name; row i is the copy of row i of `originals` */
export function grouped(originals: Matrix, copies: Readonly<Record<string, Matrix>>): Grouped {
  const { rows, columns } = originals;
  const groupsOf = (...sides: readonly Matrix[]) => {
    const index = new SearchIndex<number>(columns);
    for (const side of sides) for (let i = 0; i < rows; i++) index.add(index.size, row(side, i));
    return findDuplicates(index);
  };
  const shareOf = (side: Matrix) => {
    const found = new Array<number>(rows).fill(0);
    for (const { ids } of groupsOf(originals, side)) {
      const group = new Set(ids);
      for (const id of ids) if (group.has(id + rows)) found[id] = 1;
    }
    return measureOf(found);
  };
  return {
    copies: Object.fromEntries(Object.entries(copies).map(([name, side]) => [name, shareOf(side)])),
    joined: groupsOf(originals).reduce((sum, { ids }) => sum + ids.length - 1, 0),
  };
}
