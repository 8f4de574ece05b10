import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Contents, reproductionPage } from './page.ts';
import { asCsv, asMarkdown } from './table.ts';

/** Writes page, tables and drawings into a folder; returns the page's path. */
export async function writeReproduction(folder: string, contents: Contents, json: object): Promise<string> {
  const { tables, figures, verdicts, facts, command } = contents;
  const page = join(folder, 'reproduce.html');
  const save = async (file: string, text: string) => {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.part`, text);
    await rename(`${file}.part`, file);
  };
  const said = verdicts.map(({ claim, statement, verdict, why }) => `- **${claim}: ${verdict}.** ${statement}. ${why}`);
  const told = facts.map(([name, value]) => `- ${name}: ${value}`);
  await save(
    join(folder, 'tables.md'),
    [
      '## Verdicts',
      '',
      ...said,
      '',
      '## Tables',
      '',
      ...tables.map(asMarkdown),
      '## Made by',
      '',
      ...told,
      '',
      '```',
      command,
      '```',
      '',
    ].join('\n'),
  );
  await save(
    join(folder, 'reproduce.json'),
    `${JSON.stringify({ ...json, facts: Object.fromEntries(facts), verdicts, tables }, null, 1)}\n`,
  );
  for (const table of tables) await save(join(folder, 'tables', `${table.id}.csv`), asCsv(table));
  for (const { id, body, file } of figures) {
    if (file) await save(join(folder, 'figures', `${id}.svg`), body.text);
  }
  await save(page, reproductionPage(contents));
  return page;
}
