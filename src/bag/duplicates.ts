import { between, checkOptions, givenParts, type Rules } from '../base/options.ts';
import type { ImageId, SearchIndex } from './search-index.ts';
import { singleLinkage } from './single-linkage.ts';
import { StandingOut } from './standing-out.ts';

/** What counts as a duplicate. */
export interface DuplicateOptions {
  /**
   * The least cosine of two vectors that makes their images duplicates, -1 to 1, whatever else is in the index. Default: groups that stand
   * out from the other images, see `findDuplicates`.
   */
  readonly threshold?: number;
}

/** Images that are copies of each other: every one is linked to another of them. */
export interface DuplicateGroup<Id extends ImageId = string> {
  /** Two or more names, in the index's order. */
  readonly ids: readonly Id[];
  /** The weakest of the links that hold the group together, a cosine. */
  readonly similarity: number;
}

const RULES: Rules<DuplicateOptions> = { threshold: between(-1, 1) };

/**
 * Groups of near duplicates among the images of an index, the most similar groups first.
 *
 * With a `threshold`, images are in one group if links of at least that cosine lead from one to the other. Without, the groups are the
 * largest that stand out. Let w be the weakest cosine that holds a group together, n the highest from one of its images to any other, and
 * m the mean cosine of two images of the index, but at least 0, and 0 in an index of fewer than 20 images. A group stands out if
 * 1 - w ≤ 0.7 (1 - n) and 1 - w ≤ 0.5 (1 - m). If it is the whole index, there is no n: w must be at least 0.5, or from 20 images on 0.85.
 *
 * Every pair is compared, exactly: the time grows with the square of the images.
 * @throws BagsslError `bad-argument`
 */
export function findDuplicates<Id extends ImageId>(
  index: SearchIndex<Id>,
  options: DuplicateOptions = {},
): DuplicateGroup<Id>[] {
  givenParts(index, 'index', 'ids', 'vectors');
  checkOptions('findDuplicates', options, RULES);
  const { threshold } = options;
  const { ids, vectors } = index;
  const rule = threshold === undefined ? new StandingOut(vectors) : undefined;
  const merges = singleLinkage(vectors, threshold ?? rule!.least);
  const rowsOf = (cluster: number) => {
    const [rows, open]: number[][] = [[], [cluster]];
    for (let one = open.pop(); one !== undefined; one = open.pop()) {
      if (one < ids.length) rows.push(one);
      else open.push(...merges[one - ids.length].parts);
    }
    return rows.sort((a, b) => a - b);
  };
  const groups: DuplicateGroup<Id>[] = [];
  // From the largest clusters to the smallest. A cluster joins what is nearest to it.
  const grouped: boolean[] = [];
  const outside: number[] = [];
  for (let i = merges.length - 1; i >= 0; i--) {
    const { parts, similarity } = merges[i];
    const cluster = ids.length + i;
    if (!grouped[cluster] && rule?.fits(similarity, outside[cluster], () => rowsOf(cluster)) !== false) {
      groups.push({ ids: rowsOf(cluster).map((row) => ids[row]), similarity });
      grouped[cluster] = true;
    }
    for (const part of parts) {
      grouped[part] = grouped[cluster];
      outside[part] = similarity;
    }
  }
  return groups.sort((a, b) => b.similarity - a.similarity);
}
