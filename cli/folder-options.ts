import { type ImageSet, type SkippedFile, skippedByReason } from '../src/data.ts';
import { type OpenDataOptions, openData } from '../src/node.ts';
import { type Command, type Values, whole } from './command.ts';
import type { Progress } from './progress.ts';

const MIB = 1024 ** 2;

/** Options of every command that opens images. */
export const FOLDER_OPTIONS = {
  'follow-links': { help: 'follow symbolic links that lead out of the folder too, as in a Hugging Face cache' },
  'list-skipped': { help: 'name every file that is left out, with the reason' },
  cache: { value: 'MIB', rule: whole(0), help: 'memory for decoded images, in MiB; default 512' },
} satisfies Command['options'];

export interface OpenedImages {
  readonly images: ImageSet;
  /** Says which files turned out unreadable since the images were opened. */
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
  const images = await openData(path, {
    ...options,
    ...(cache !== undefined && { cacheBytes: cache * MIB }),
    followLinks: values.flag('follow-links') ? 'anywhere' : 'inside',
    onProgress: (done, total) => progress.show(done / total, `looking at files, ${done} of ${total}`),
  });
  progress.clear();
  const { name, length, files, skipped = [] } = images;
  const before = skipped.length;
  const say = (what: string, some: readonly SkippedFile[]) => {
    const listed = values.flag('list-skipped');
    const reasons = some.length ? `left out ${some.length}: ${skippedByReason(some)}` : '';
    progress.say(
      `${[what, reasons].filter(Boolean).join('; ')}.${some.length && !listed ? ' --list-skipped names them.' : ''}`,
    );
    if (listed) for (const { file, reason } of some) progress.say(`  ${file}: ${reason}`);
  };
  if (files) say(`Took ${length} ${length === 1 ? 'image' : 'images'} of ${name}`, skipped);
  return {
    images,
    sayUnreadable() {
      if (skipped.length > before) say('While reading', skipped.slice(before));
    },
  };
}
