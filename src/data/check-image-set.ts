import { given } from '../base/options.ts';
import type { ImageSet } from './image-set.ts';

/** @throws BagsslError `bad-argument` for what is no image set, saying how one is made */
export function checkImageSet(set: ImageSet, what: string): void {
  const fits = typeof set?.length === 'number' && typeof set.image === 'function';
  given(
    fits,
    set,
    what,
    'an image set, such as openData (bagssl/node) makes of a folder, decodedSet (bagssl/data) of files',
  );
}
