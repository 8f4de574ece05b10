import { skippedByReason } from '../src/data.ts';
import { type FolderIndex, openFolderIndex } from '../src/node.ts';
import { type Argument, type Command, PATH, type Values } from './command.ts';
import { MODEL_OPTION, openModel } from './model.ts';
import { duration, Progress } from './progress.ts';
import { ENGINE_OPTIONS, engineOptions, interruption, JSON_OPTION } from './shared.ts';

export const FOLDER: Argument = { value: 'FOLDER', rule: PATH, help: 'a folder of photographs, at any depth' };

/** Options of every command that uses a folder's index. */
export const INDEX_OPTIONS = {
  model: {
    value: 'PATH',
    rule: PATH,
    help: `${MODEL_OPTION.help}, or an .onnx file; default the encoder that comes with bagssl`,
  },
  place: { value: 'DIR', rule: PATH, help: 'where the index is kept; default .bagssl in FOLDER' },
  'follow-links': { help: 'follow symbolic links that lead out of the folder too' },
  'list-skipped': { help: 'name every file that is left out, with the reason' },
  ...ENGINE_OPTIONS,
  json: JSON_OPTION,
} satisfies Command['options'];

/** Opens FOLDER's index and brings it up to date, saying what that took, for as long as `use` needs it. */
export async function withFolderIndex<T>(
  values: Values,
  use: (index: FolderIndex, progress: Progress, seconds: number) => Promise<T>,
): Promise<T> {
  const progress = new Progress();
  const folder = values.text('folder')!;
  const model = values.text('model');
  const started = performance.now();
  const index = await openFolderIndex(folder, {
    ...engineOptions(values, progress),
    ...(model !== undefined && { encoder: /\.onnx$/i.test(model) ? model : (await openModel(model)).encoder }),
    place: values.text('place'),
    followLinks: values.flag('follow-links') ? 'anywhere' : 'inside',
    signal: interruption(),
    onProgress: (done, total) => progress.show(done / total, rate(done, total, (performance.now() - started) / 1000)),
  });
  try {
    progress.clear();
    const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
    progress.say(`${summary(index)}, in ${duration(seconds)}.`);
    if (values.flag('list-skipped')) {
      for (const { file, reason } of index.synced.skipped) progress.say(`  ${file}: ${reason}`);
    } else if (index.synced.skipped.length > 0) progress.say('--list-skipped names what was left out.');
    return await use(index, progress, seconds);
  } finally {
    await index.dispose();
  }
}

const rate = (done: number, total: number, seconds: number) =>
  `indexing, ${done} of ${total} pictures, ${(done / seconds).toFixed(1)} a second, ${duration((seconds / done) * (total - done))} left`;

/** What is in an index, and what bringing it up to date has changed. */
function summary({ folder, index, synced }: FolderIndex): string {
  const { embedded, moved, removed, skipped } = synced;
  const changes = [
    [embedded, 'new or changed'],
    [moved, 'moved or copied'],
    [removed, 'gone'],
  ] as const;
  const changed = changes.flatMap(([count, what]) => (count ? `${count} ${what}` : [])).join(', ');
  const left = skipped.length ? `; left out ${skipped.length}: ${skippedByReason(skipped)}` : '';
  return `${index.size} ${index.size === 1 ? 'picture' : 'pictures'} of ${folder} (${changed || 'nothing changed'})${left}`;
}
