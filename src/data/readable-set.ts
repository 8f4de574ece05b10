import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, SIGNAL } from '../base/options.ts';
import { checkImageSet, type ImageSet } from './image-set.ts';
import { IMAGE_TYPES } from './image-type.ts';
import { subsetOf } from './subset.ts';

/** Images asked for at the same time. */
const AT_ONCE = 8;

/** How the images are looked at. */
export interface ReadableSetOptions {
  /** Called with the number of images looked at and the total. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops before the next image with an `aborted` error. */
  readonly signal?: AbortSignal;
}

/**
 * The images of a set that can be read, found by reading each once; for what needs every image and reads it several times.
 * @throws BagsslError `bad-data` if none can be read; `aborted`; `bad-argument`
 */
export async function readableSet(set: ImageSet, options: ReadableSetOptions = {}): Promise<ImageSet> {
  checkOptions('readableSet', options, { onProgress: FUNCTION, signal: SIGNAL });
  checkImageSet(set, 'set');
  const { onProgress, signal } = options;
  const errors: (BagsslError | undefined)[] = new Array(set.length);
  let next = 0;
  let done = 0;
  async function work(): Promise<void> {
    while (next < set.length) {
      checkAborted(signal, `Reading ${set.name} was stopped.`);
      const index = next++;
      try {
        await set.image(index);
      } catch (error) {
        if (!(error instanceof BagsslError) || error.code !== 'bad-data') throw error;
        errors[index] = error;
      }
      onProgress?.(++done, set.length);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const readable = Array.from(errors.keys()).filter((index) => !errors[index]);
  if (readable.length === 0)
    throw noneReadable(
      set,
      errors.map((error) => ({ reason: error!.message })),
    );
  return readable.length === set.length ? set : subsetOf(set, readable);
}

/** Every image of a set failed, or there is none. */
export function noneReadable(
  { name, length }: ImageSet,
  failures: readonly { readonly reason: string }[],
): BagsslError {
  const few = failures.slice(0, 3).map(({ reason }) => reason.replace(/\.$/, ''));
  const more = length > few.length ? `; and ${length - few.length} more` : '';
  const what = length ? `none of its ${length} images can be read (${few.join('; ')}${more})` : 'no images';
  return new BagsslError('bad-data', `${name}: ${what}. Give ${IMAGE_TYPES} files.`);
}
