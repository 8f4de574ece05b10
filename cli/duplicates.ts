import { join } from 'node:path';
import { findDuplicates } from '../src/embed.ts';
import { type Command, PATH, type Rule } from './command.ts';
import { save } from './files.ts';
import { FOLDER, INDEX_OPTIONS, withFolderIndex } from './folder-index.ts';
import { inOneLine } from './quoted.ts';
import { galleryPage } from './report/gallery.ts';
import { printJson } from './shared.ts';

const COSINE: Rule = {
  asked: 'a number from -1 to 1',
  fits: (text) => text.trim() !== '' && Math.abs(Number(text)) <= 1,
};

export const duplicates: Command = {
  summary: 'list groups of near duplicates: crops, mirrored, recoloured and resized copies',
  takes: [FOLDER],
  options: {
    threshold: {
      value: 'T',
      rule: COSINE,
      help: 'group all pairs of at least this cosine, whatever else is there; default: groups that stand out from the other pictures',
    },
    html: { value: 'FILE', rule: PATH, help: 'write a page of thumbnails too' },
    ...INDEX_OPTIONS,
  },
  run: (values) =>
    withFolderIndex(values, async ({ folder, index }, progress) => {
      const groups = findDuplicates(index, { threshold: values.number('threshold') });
      if (values.flag('json')) printJson({ groups: groups.map(({ ids, similarity }) => ({ files: ids, similarity })) });
      else {
        progress.say(`${groups.length} ${groups.length === 1 ? 'group' : 'groups'} of near duplicates.`);
        // Groups are apart by an empty line, as fdupes prints them.
        const text = groups.map(({ ids, similarity }) =>
          ids.map((id) => `${similarity.toFixed(3)}  ${inOneLine(id)}\n`).join(''),
        );
        process.stdout.write(text.join('\n'));
      }
      const page = values.text('html');
      if (page === undefined) return;
      const shown = groups.map(({ ids, similarity }, i) => ({
        title: `Group ${i + 1}: ${ids.length} pictures, similarity at least ${similarity.toFixed(3)}`,
        shown: ids.map((id) => ({ file: join(folder, id), name: id })),
      }));
      await save(page, await galleryPage('Duplicates', shown));
      progress.say(`Wrote "${page}".`);
    }),
};
