import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions, FUNCTION, given, LIMIT, type Rules, SIGNAL } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { DECODE_RULES, type DecodeOptions, decodeImage } from './decode.ts';
import type { ImageSet } from './image-set.ts';

/** An image file from anywhere: a disk, a form, a download. */
export interface ImageSource {
  /** Names the file in errors and in `skipped`. */
  readonly file: string;
  /** The image's number in random draws; default: its index in the sources. */
  readonly id?: number;
  /** Its class index; for all sources of a set or for none. */
  readonly label?: number;
  /** Its bytes. */
  read(): Promise<Uint8Array>;
}

/** How the images are read and kept. */
export interface DecodedSetOptions extends DecodeOptions {
  /** Class names, in index order; needed if sources have labels. */
  readonly classes?: readonly string[];
  /** The most memory that all decoded pixels may take, in bytes. Default 2 GiB. */
  readonly maxBytes?: number;
  /** Called after each file with the number done and the total. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops before the next file with an `aborted` error. */
  readonly signal?: AbortSignal;
}

export const DECODED_SET_RULES: Rules<DecodedSetOptions> = {
  ...DECODE_RULES,
  classes: { asked: 'an array of class names', fits: Array.isArray },
  maxBytes: LIMIT,
  onProgress: FUNCTION,
  signal: SIGNAL,
};

/** The default limit of memory for decoded pixels, in bytes: about 5,000 images of 341×256. */
export const MOST_BYTES = 2 * 1024 ** 3;
/** Files decoded at the same time: enough to keep sharp's threads busy, few enough to hold few full-size images. */
const AT_ONCE = 4;

/**
 * Decodes every source now, so that damaged files show up before training starts. Files that do not decode are left out and
 * listed in `skipped`. Images keep the order of their sources.
 * @param name of the set, for messages
 * @throws BagsslError `bad-data` if none decodes or the pixels exceed `maxBytes`; `bad-argument`; `aborted`
 */
export async function decodedSet(
  name: string,
  sources: readonly ImageSource[],
  options: DecodedSetOptions = {},
): Promise<ImageSet> {
  given(Array.isArray(sources), sources, 'sources', 'an array of { file, read() }');
  checkOptions('decodedSet', options, DECODED_SET_RULES);
  const { classes, maxBytes = MOST_BYTES, onProgress, signal, ...decoding } = options;
  const decoded: (Pixels | undefined)[] = new Array(sources.length);
  const reasons: (string | undefined)[] = new Array(sources.length);
  let bytes = 0;
  let next = 0;
  let done = 0;
  let stopped = false;

  async function work() {
    while (next < sources.length && !stopped) {
      checkAborted(signal, `Opening ${name} was stopped.`);
      const i = next++;
      try {
        decoded[i] = await decodeImage(await sources[i].read(), sources[i].file, decoding);
        bytes += decoded[i]!.data.byteLength;
      } catch (error) {
        if (error instanceof BagsslError && error.code !== 'bad-data') throw error;
        reasons[i] = reasonOf(error, sources[i].file);
      }
      done++;
      if (bytes > maxBytes) {
        throw new BagsslError(
          'bad-data',
          `${name}: ${done} of ${sources.length} images take ${inMiB(bytes)}, more than the limit of ${inMiB(maxBytes)}. Take fewer images (limit, --images), shrink them further (shortSide), or raise the limit (maxBytes).`,
        );
      }
      onProgress?.(done, sources.length);
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } finally {
    stopped = true;
  }

  const kept = sources.flatMap((_, i) => (decoded[i] ? [i] : []));
  const skipped = sources.flatMap(({ file }, i) => (decoded[i] ? [] : [{ file, reason: reasons[i]! }]));
  if (kept.length === 0) throw noneDecodes(name, skipped);
  const images = kept.map((i) => decoded[i]!);
  const labels = classes && Int32Array.from(kept, (i) => sources[i].label!);
  const ids = kept.map((i) => sources[i].id ?? i);
  const files = kept.map((i) => sources[i].file);
  return { name, length: images.length, classes, labels, ids, files, skipped, image: (index) => images[index] };
}

const inMiB = (bytes: number) => `${Math.ceil(bytes / 1024 ** 2)} MiB`;

/** The message without the file's name, which is listed beside it. */
function reasonOf(error: unknown, file: string): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.startsWith(`${file}: `) ? text.slice(file.length + 2) : text).replace(/\.$/, '');
}

function noneDecodes(name: string, skipped: readonly { file: string; reason: string }[]): BagsslError {
  const few = skipped.slice(0, 3).map(({ file, reason }) => `${file} (${reason})`);
  const more = skipped.length > few.length ? `, and ${skipped.length - few.length} more` : '';
  const what = skipped.length
    ? `none of its ${skipped.length} images can be read: ${few.join(', ')}${more}`
    : 'no images';
  return new BagsslError('bad-data', `${name}: ${what}. Give JPEG, PNG or WebP files.`);
}
