import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';

const list = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .filter((file) => /\.(ts|mjs)$/.test(file));

/** The relative imports of a file, those of types and those at run time too. */
function importsOf(file: string): string[] {
  const found = readFileSync(file, 'utf8').matchAll(/(?:\bfrom|\bimport\()\s*'(\.[^']*)'/g);
  return [...found].map(([, to]) => join(dirname(file), to).replaceAll('\\', '/'));
}

const folderOf = (file: string) => /^src\/[\w-]+\//.exec(file)?.[0];

/** The folders of src/ in the table of CONTRIBUTING.md, from the top down: a row each. */
const rows = readFileSync('CONTRIBUTING.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => [...line.split('|')[2].matchAll(/`(src\/[\w-]+\/)`/g)].map(([, folder]) => folder))
  .filter((row) => row.length > 0);
const rowOf = (folder: string) => rows.findIndex((row) => row.includes(folder));

describe('the floors', () => {
  const source = list('src');

  it('are those of CONTRIBUTING.md', () => {
    const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
    assert.deepEqual(
      folders.map(({ name }) => `src/${name}/`).filter((folder) => rowOf(folder) < 0),
      [],
    );
  });

  it('import only from rows further down', () => {
    const wrong = source.flatMap((file) => {
      const from = folderOf(file);
      const others = importsOf(file).filter((to) => from && to.startsWith('src/') && folderOf(to) !== from);
      return others
        .filter((to) => !folderOf(to) || rowOf(folderOf(to)!) <= rowOf(from!))
        .map((to) => `${file} imports ${to}`);
    });
    assert.deepEqual(wrong, []);
  });

  it('keep the command line and the demos on the public entries', () => {
    const wrong = ['cli', 'demo', 'scripts'].flatMap((top) =>
      list(top).flatMap((file) =>
        importsOf(file)
          // Demos run their workers as the package does.
          .filter((to) => folderOf(to) && !(top === 'demo' && folderOf(to) === 'src/threads/'))
          .map((to) => `${file} imports ${to}`),
      ),
    );
    assert.deepEqual(wrong, []);
  });

  it('have the public entries, and nothing else, right in src/', () => {
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
    const entries = Object.keys(exports).filter((path) => path !== './package.json');
    const files = source.filter((file) => !folderOf(file));
    assert.deepEqual(files.sort(), entries.map((path) => `src/${path.slice(2) || 'index'}.ts`).sort());
  });

  it('are made of small files: at most 12,000 bytes, half of them at most 4,000', () => {
    const sizes = source.map((file) => ({ file, bytes: statSync(file).size })).sort((a, b) => a.bytes - b.bytes);
    assert.deepEqual(
      sizes.filter(({ bytes }) => bytes > 12_000),
      [],
    );
    assert.ok(
      sizes[sizes.length >> 1].bytes <= 4000,
      `half of the files have over ${sizes[sizes.length >> 1].bytes} bytes`,
    );
  });
});
