import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { document, section } from '../report/document.ts';
import { html } from '../report/html.ts';
import type { Findings } from './findings.ts';
import { asCsv, asHtml, asMarkdown } from './table.ts';

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

export interface Contents extends Findings {
  readonly command: string;
  /** Machine, version, commit, time: one row each. */
  readonly facts: readonly (readonly [string, string])[];
  /** Whether the page contains pixels of the user's images. */
  readonly pixels: boolean;
}

/** The experiments as one page: verdicts first, then every figure and table. */
export function reproductionPage({ verdicts, tables, figures, command, facts, pixels }: Contents): string {
  return document(
    'bagssl: the paper’s claims',
    html`<header>
  <p class="over">bagssl reproduce</p>
  <h1>The paper’s claims, measured here</h1>
  <p class="lead">Chen, Bardes, Li and LeCun attribute the success of self-supervised learning to the bag of patch embeddings.
    Below is each claim that can be tested at this size, with its numbers. Verdicts are computed from the numbers;
    a claim that does not hold here is reported as plainly as one that does.</p>
</header>
${section(
  'Verdicts',
  'These experiments test the claims at a small scale; they do not repeat the tables of the paper.',
  html`<div class="wide"><table class="setup"><tbody>${verdicts.map(
    ({ claim, statement, verdict, why }) =>
      html`<tr><th scope="row">${claim}</th><td class="verdict"><b>${verdict}</b></td><td><b>${statement}.</b> ${why}</td></tr>`,
  )}</tbody></table></div>`,
)}
${section(
  'Figures',
  'Each with how it was made.',
  html`${figures.map(
    ({ id, body, caption }) =>
      html`<figure class="plate" id="${id}">${body}<figcaption class="small">${caption}</figcaption></figure>`,
  )}`,
)}
${section('Tables', 'The same in full precision as CSV, JSON and Markdown beside this page.', html`${tables.map(asHtml)}`)}
${section(
  'How it was made',
  'Everything random comes from the seeds; how many patches fit into the minutes depends on the machine.',
  html`<div class="wide"><table class="setup"><tbody>${facts.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
  )}</tbody></table></div><pre><code>${command}</code></pre>`,
)}`,
    html`<p>${pixels && html`<b>This page contains pixels of the images it was made from</b>: pass it on only where you may pass on the images. `}It
      needs no network and no other file.</p>`,
  );
}
