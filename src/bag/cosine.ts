import { BagsslError } from '../base/errors.ts';
import { given } from '../base/options.ts';

/**
 * Cosine of the angle between two vectors, −1 to 1; 0 where one of them is all zeros.
 * @throws BagsslError `shape-mismatch`
 */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (const vector of [a, b]) given(typeof vector?.length === 'number', vector, 'A vector', 'an array of numbers');
  if (a.length !== b.length) {
    throw new BagsslError('shape-mismatch', `The vectors have ${a.length} and ${b.length} dimensions.`);
  }
  let [dot, left, right] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i] * b[i];
    left += a[i] * a[i];
    right += b[i] * b[i];
  }
  return left > 0 && right > 0 ? dot / Math.sqrt(left * right) : 0;
}
