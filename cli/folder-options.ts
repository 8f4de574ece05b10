import { type ImageSet, type SkippedFile, skippedByReason } from '../src/data.ts';
import { type OpenDataOptions, openData } from '../src/node.ts';
import { type Command, type Values, whole } from './command.ts';
import type { Progress } from './progress.ts';
import { inOneLine } from './quoted.ts';

const MIB = 1024 ** 2;

/** Options of every command that opens images. */
export const FOLDER_OPTIONS = {
  'follow-links': { help: 'follow symbolic links that lead out of the folder too, as in a Hugging Face cache' },
  'list-skipped': { help: 'name every file that is left out, with the reason' },
  cache: { value: 'MIB', rule: whole(0), help: 'memory for decoded images, in MiB; default 512' },
} satisfies Command['options'];

export interface OpenedImages {
  readonly images: ImageSet;
  /** Says which files turned out unreadable or damaged since the images were opened. */
  sayUnreadable(): void;
}

/** Opens the images of a path as the command's options ask, and says in one line what was taken and what left out. */
export async function openImages(
  path: string,
  values: Values,
  progress: Progress,
  options: OpenDataOptions = {},
): Promise<OpenedImages> {
  const cache = values.number('cache');
  const warnings: string[] = [];
  const started = performance.now();
  const images = await openData(path, {
    ...options,
    ...(cache !== undefined && { cacheBytes: cache * MIB }),
    followLinks: values.flag('follow-links') ? 'anywhere' : 'inside',
    onWarning: (message) => warnings.push(message),
    onProgress(done, total) {
      if (performance.now() - started > 1000) progress.show(done / total, `looking at files, ${done} of ${total}`);
    },
  });
  progress.clear();
  const { name, length, files, skipped = [] } = images;
  const before = skipped.length;
  const leftOut = (some: readonly SkippedFile[]) => `left out ${some.length}: ${skippedByReason(some)}`;
  const listed = values.flag('list-skipped');
  const say = (line: string, some: readonly SkippedFile[]) => {
    progress.say(`${line}.${some.length && !listed ? ' --list-skipped names them.' : ''}`);
    if (listed) for (const { file, reason } of some) progress.say(`  ${inOneLine(`${file}: ${reason}`)}`);
  };
  if (files) {
    const taken = `Took ${length} ${length === 1 ? 'image' : 'images'} of ${name}`;
    say(skipped.length ? `${taken}; ${leftOut(skipped)}` : taken, skipped);
  }
  return {
    images,
    sayUnreadable() {
      const late = skipped.slice(before);
      if (late.length > 0) say(`Decoding ${leftOut(late)}`, late);
      sayDamaged(warnings, listed, progress);
    },
  };
}

/** Says which images were taken though something is wrong with their files: the first few, or all that are `listed`. */
export function sayDamaged(warnings: readonly string[], listed: boolean, progress: Progress): void {
  if (warnings.length === 0) return;
  const shown = listed ? warnings : warnings.slice(0, 3);
  const more = warnings.length - shown.length;
  progress.say(`${warnings.length} ${warnings.length === 1 ? 'image was' : 'images were'} taken though damaged:`);
  for (const message of shown) progress.say(`  ${inOneLine(message)}`);
  if (more > 0) progress.say(`  … and ${more} more, which --list-skipped names.`);
}
