import { join } from 'node:path';
import { BagsslError, type Found } from '../src/index.ts';
import { type Command, PATH, UsageError, whole } from './command.ts';
import { checkThere, exists, save } from './files.ts';
import { FOLDER, INDEX_OPTIONS, withFolderIndex } from './folder-index.ts';
import { similarInShards } from './in-shards.ts';
import { Progress } from './progress.ts';
import { inOneLine } from './quoted.ts';
import { galleryPage } from './report/gallery.ts';
import { printJson } from './shared.ts';

export const similar: Command = {
  summary: 'list the pictures of a folder that are most like one photo',
  takes: [
    FOLDER,
    { value: 'PHOTO', rule: PATH, help: 'an image file, in the folder (its path from there will do) or anywhere' },
  ],
  options: {
    number: { value: 'N', short: 'n', rule: whole(1), help: 'how many; default 12' },
    vectors: {
      value: 'DIR',
      rule: PATH,
      help: "search the .parquet files in DIR in place of FOLDER's index; they must be of --encoder FILE.onnx",
    },
    html: { value: 'FILE', rule: PATH, help: 'write a page of thumbnails too' },
    ...INDEX_OPTIONS,
  },
  async run(values) {
    const folder = values.text('folder')!;
    const given = values.text('photo')!;
    const photo = (await exists(given)) ? given : join(folder, given);
    await checkThere('FOLDER', folder);
    if (!(await exists(photo))) throw new BagsslError('bad-data', `PHOTO "${given}" does not exist.`);
    const count = values.number('number') ?? 12;
    if (values.text('vectors') !== undefined) {
      const idle =
        values.text('place') !== undefined ? 'place' : values.flag('follow-links') ? 'follow-links' : undefined;
      if (idle) throw new UsageError(`--${idle} is for FOLDER's index, in place of which --vectors is searched.`);
      await show(await similarInShards(values, photo, count), new Progress());
      return;
    }
    await withFolderIndex(values, async (index, progress) => show(await index.similar(photo, count), progress));

    async function show(found: readonly Found[], progress: Progress): Promise<void> {
      if (values.flag('json'))
        printJson({ photo: given, similar: found.map(({ id, similarity }) => ({ file: id, similarity })) });
      else
        for (const { id, similarity } of found)
          process.stdout.write(`${similarity.toFixed(3)}  ${inOneLine(String(id))}\n`);
      const page = values.text('html');
      if (page === undefined) return;
      const rows = found.map(({ id, similarity }) => ({ file: join(folder, id), name: id, similarity }));
      await save(
        page,
        await galleryPage('Similar pictures', [
          { title: `Most like ${given}`, shown: [{ file: photo, name: given }, ...rows] },
        ]),
      );
      progress.say(`Wrote "${page}".`);
    }
  },
};
