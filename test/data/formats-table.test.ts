import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';

it('names in docs/formats.md every file of the test of formats, in the row of its format, and no other', () => {
  const rows = readFileSync('docs/formats.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| [A-Z]/.test(line));
  const named = rows.flatMap((row) => {
    const format = row.split(' ')[1].toLowerCase().replace('jpeg', 'jpg');
    return [...row.matchAll(/`([\w-]+)\.(\w+)`/g)].map(([, name, ending]) => {
      assert.equal(ending, format, name);
      return `${name}.${ending}`;
    });
  });
  const files = JSON.parse(readFileSync('test/golden/formats.json', 'utf8'));
  assert.deepEqual(named.sort(), Object.keys(files).sort());
});
