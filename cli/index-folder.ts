import type { Command } from './command.ts';
import { FOLDER, INDEX_OPTIONS, nextCommand, withFolderIndex } from './folder-index.ts';
import { printJson } from './shared.ts';

export const indexFolder: Command = {
  summary: "make a folder's index, or bring it up to date",
  takes: [FOLDER],
  options: INDEX_OPTIONS,
  run: (values) =>
    withFolderIndex(values, async ({ folder, index, synced }, progress, seconds) => {
      if (values.flag('json')) printJson({ folder, pictures: index.size, ...synced, seconds });
      else progress.say(`Next: ${nextCommand('similar', values, ' PHOTO')}, or ${nextCommand('duplicates', values)}`);
    }),
};
