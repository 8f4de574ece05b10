// What test runners write while they run, a line of JSON each:
//   { started: name, file }, { ended: name, file }   a test, or a file (name ''), as it starts and ends
//   { name, file, state, ms }                        the result of a test: passed, failed or skipped
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * The results in a file: the tests that ended and the names of those that run still. `sources` maps the name of a bundle to its
 * test file.
 */
export function readResults(path, sources) {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  const entries = lines.map((line) => JSON.parse(line));
  const title = ({ file, name = '' }) => [sources.get(basename(file ?? '')) ?? file, name].filter(Boolean).join(' > ');
  const tests = entries.filter(({ state }) => state).map((entry) => ({ ...entry, title: title(entry) }));
  const open = [];
  for (const { started, ended, file } of entries) {
    if (started !== undefined) open.push({ name: started, file });
    const at = open.findIndex((one) => one.name === ended && one.file === file);
    if (at >= 0) open.splice(at, 1);
  }
  // A file is named only where none of its tests is.
  const tells = ({ name, file }) => name !== '' || !open.some((one) => one.file === file && one.name !== '');
  return { tests, running: open.filter(tells).map(title) };
}
