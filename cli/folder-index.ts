import { skippedByReason } from '../src/data.ts';
import type { PatchEncoder } from '../src/embed.ts';
import { type FolderIndex, openFolderIndex } from '../src/node.ts';
import { type Argument, type Command, PATH, type Values } from './command.ts';
import { FOLDER_OPTIONS, sayDamaged } from './folder-options.ts';
import { MODEL_OPTION, openModel } from './model.ts';
import { encoderAddress, ONNX_OPTIONS, onnxEncoder } from './onnx-encoder.ts';
import { duration, Pace, Progress } from './progress.ts';
import { inOneLine, quoted } from './quoted.ts';
import { ENGINE_OPTIONS, engineOptions, interruptible, JSON_OPTION } from './shared.ts';

export const FOLDER: Argument = { value: 'FOLDER', rule: PATH, help: 'a folder of photographs, at any depth' };

/** Options of every command that uses a folder's index. */
export const INDEX_OPTIONS = {
  model: {
    value: 'PATH',
    rule: PATH,
    help: `${MODEL_OPTION.help}, or an .onnx file; default the encoder that comes with bagssl`,
  },
  ...ONNX_OPTIONS,
  place: { value: 'DIR', rule: PATH, help: 'where the index is kept; default .bagssl in FOLDER' },
  'follow-links': FOLDER_OPTIONS['follow-links'],
  'list-skipped': FOLDER_OPTIONS['list-skipped'],
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
  const started = performance.now();
  const pace = new Pace();
  const encoder = (await onnxEncoder(values, progress, undefined, false)) ?? (await modelOf(values));
  const interruption = interruptible();
  const index = await openFolderIndex(folder, {
    ...engineOptions(values, progress),
    ...(encoder && { encoder }),
    place: values.text('place'),
    followLinks: values.flag('follow-links') ? 'anywhere' : 'inside',
    signal: interruption.signal,
    onProgress: (done, total) => progress.show(done / total, `indexing, ${pace.describe(done, total, 'pictures')}`),
  });
  try {
    // What follows keeps nothing, and a comparison of all pictures hears no signal.
    interruption.end();
    progress.clear();
    const seconds = Number(((performance.now() - started) / 1000).toFixed(2));
    progress.say(`${summary(index)}, in ${duration(seconds)}.`);
    const { skipped, warnings, embedded } = index.synced;
    const listed = values.flag('list-skipped');
    if (listed) for (const { file, reason } of skipped) progress.say(`  ${inOneLine(`${file}: ${reason}`)}`);
    else if (skipped.length > 0) progress.say('--list-skipped names what was left out.');
    if (listed || embedded > 0) {
      const messages = warnings.map(({ file, reason }) => `${file}: ${reason}.`);
      sayDamaged(messages, listed, progress);
    }
    return await use(index, progress, seconds);
  } finally {
    await index.dispose();
  }
}

/** The trained encoder that is named; undefined: the one that comes with bagssl. */
async function modelOf(values: Values): Promise<PatchEncoder | undefined> {
  const isNamed = values.text('model') !== undefined || values.text('encoder') !== undefined;
  return isNamed ? (await openModel(encoderAddress(values))).encoder : undefined;
}

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

/** A command for the same index of the same files. */
export function nextCommand(name: string, values: Values, photo = ''): string {
  const options = ['place', 'model', ...Object.keys(ONNX_OPTIONS)].flatMap((option) => {
    const value = values.text(option);
    return value === undefined ? [] : ` --${option} ${quoted(value)}`;
  });
  if (values.flag('follow-links')) options.push(' --follow-links');
  return `bagssl ${name} ${quoted(values.text('folder')!)}${photo}${options.join('')}`;
}
