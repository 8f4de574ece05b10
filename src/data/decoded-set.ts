import { BagsslError } from '../base/errors.ts';
import { checkOptions, fromZero, given, type Rule, type Rules } from '../base/options.ts';
import type { Pixels } from '../base/pixels.ts';
import { isA } from '../base/values.ts';
import { DECODE_RULES, type DecodeOptions } from './decode-options.ts';
import { DECODING_THREADS_RULES, DecodingThreads, type DecodingThreadsOptions } from './decoding-threads.ts';
import { ImageCache } from './image-cache.ts';
import type { ImageSet, SkippedFile } from './image-set.ts';

/** An image file from anywhere: a disk, a form, a download. */
export interface ImageSource {
  /** Names the file in errors and in `skipped`. */
  readonly file: string;
  /** The image's number in random draws; default: its index in the sources. */
  readonly id?: number;
  /** Its class index; for all sources of a set or for none. */
  readonly label?: number;
  /** Its bytes, each time the image is decoded. */
  read(): Promise<Uint8Array>;
}

/** How the images are read and kept. */
export interface DecodedSetOptions extends DecodeOptions, DecodingThreadsOptions {
  /** Class names, in index order; needed if sources have labels. */
  readonly classes?: readonly string[];
  /** The memory for decoded images, in bytes: those used last are kept. Default 512 MiB, about 1,500 images of 345×259. */
  readonly cacheBytes?: number;
  /** Files that were left out before; the set's `skipped` begins with them. */
  readonly skipped?: readonly SkippedFile[];
}

export const CACHE_BYTES: Rule = { ...fromZero(), fits: (value) => value === Infinity || fromZero().fits(value) };

export const DECODED_SET_RULES: Rules<DecodedSetOptions> = {
  ...DECODE_RULES,
  ...DECODING_THREADS_RULES,
  classes: { asked: 'an array of class names', fits: Array.isArray },
  cacheBytes: CACHE_BYTES,
  skipped: { asked: 'an array of { file, reason }', fits: Array.isArray },
};

const DEFAULT_CACHE = 512 * 1024 ** 2;
/** Files decoded at the same time: enough to keep sharp's threads busy, few enough to hold few full-size images. */
const AT_ONCE = 4;

/** A file of a form or a drop is its own source, which a worker reads itself. */
function sourceOf(given: ImageSource | File): Omit<ImageSource, 'read'> & { read(): Promise<Uint8Array | Blob> } {
  if (!isA(given, 'File')) return given;
  const { name, webkitRelativePath } = given;
  return { file: webkitRelativePath || name, read: async () => given };
}

/**
 * Images of files, each read and decoded when it is asked for, in workers, four at a time, in the order of their sources. One that cannot be read
 * rejects with `bad-data`, now and whenever it is asked for again, and is listed in `skipped`. `onWarning` is told once of each fault.
 * @param name of the set, for messages
 * @param files what an `input type="file"` or a drop gives, or sources of any kind
 * @throws BagsslError `bad-argument`
 */
export function decodedSet(
  name: string,
  files: readonly (ImageSource | File)[],
  options: DecodedSetOptions = {},
): ImageSet {
  given(Array.isArray(files), files, 'sources', 'an array of File, or of { file, read() }');
  checkOptions('decodedSet', options, DECODED_SET_RULES);
  const {
    classes,
    cacheBytes = DEFAULT_CACHE,
    skipped: before = [],
    onWarning,
    decoders,
    decoderUrl,
    ...decoding
  } = options;
  const threads = new DecodingThreads({ decoders, decoderUrl });
  const skipped = [...before];
  const warned = new Set<string>();
  // An image that was dropped from the cache is decoded again.
  const warn = (message: string, file: string) => {
    if (!warned.has(message)) onWarning?.(message, file);
    warned.add(message);
  };
  const sources = files.map(sourceOf);

  async function decode(index: number): Promise<Pixels> {
    const { file } = sources[index];
    try {
      return await threads.decode(await sources[index].read(), file, { ...decoding, onWarning: warn });
    } catch (cause) {
      // A HEIC that no decoder is installed for is left out too.
      const bad = !(cause instanceof BagsslError) || cause.code === 'bad-data' || cause.code === 'missing-dependency';
      if (!bad) throw cause;
      const reason = reasonOf(cause, file);
      skipped.push({ file, reason });
      throw new BagsslError('bad-data', `${file}: ${reason}.`, { cause });
    }
  }
  const cache = new ImageCache(decode, cacheBytes, AT_ONCE);
  return {
    name,
    length: sources.length,
    classes,
    labels: classes && Int32Array.from(sources, ({ label }) => label!),
    ids: sources.map(({ id }, index) => id ?? index),
    files: sources.map(({ file }) => file),
    skipped,
    image: (index) => cache.get(index),
  };
}

/** The message without the file's name, which is listed with it. */
export function reasonOf(error: unknown, file: string): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.startsWith(`${file}: `) ? text.slice(file.length + 2) : text).replace(/\.$/, '');
}
