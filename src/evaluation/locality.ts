import type { PatchBox } from '../bag/bag-mean.ts';
import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';

/**
 * How local a similarity map is: the share of its mass, Σ max(0, s), within one patch of the query. These are the patches whose
 * position differs from the query's by at most one side along both axes, the query included. A flat map gives the share of patches
 * that are there; a map where nothing else is similar gives 1.
 * @param similarities the similarity of every patch of an image to the query, such as cosines
 * @param query index of the query patch
 * @throws BagsslError `bad-argument`
 */
export function locality(similarities: ArrayLike<number>, boxes: readonly PatchBox[], query: number): number {
  given(Array.isArray(boxes), boxes, 'boxes', 'an array of places');
  given(typeof similarities?.length === 'number', similarities, 'similarities', 'an array of numbers');
  const centre = boxes[query];
  if (!centre || similarities.length !== boxes.length) {
    throw new BagsslError(
      'bad-argument',
      `A map of ${similarities.length} similarities and ${boxes.length} places has no query ${query}.`,
    );
  }
  let near = 0;
  let total = 0;
  boxes.forEach(({ x, y }, i) => {
    const mass = Math.max(0, similarities[i]);
    total += mass;
    if (Math.abs(x - centre.x) <= centre.width && Math.abs(y - centre.y) <= centre.height) near += mass;
  });
  if (!(total > 0)) throw new BagsslError('bad-data', 'No patch is similar to the query, not even itself.');
  return near / total;
}
