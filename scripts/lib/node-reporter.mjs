import { appendFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** A reporter for node --test: notes the files that start and end, and the results of their tests (results.mjs). */
export default async function* results(events) {
  const note = (entry) => appendFileSync(process.env.BAGSSL_TEST_RESULTS, `${JSON.stringify(entry)}\n`);
  for await (const { type, data } of events) {
    const { name, file, nesting, details, skip, todo } = data;
    // Node reports each file as a test too.
    const isFile = nesting === 0 && file && name && resolve(name) === file;
    if (type === 'test:dequeue' && isFile) note({ started: '', file });
    if (type === 'test:complete' && isFile) note({ ended: '', file });
    if ((type !== 'test:pass' && type !== 'test:fail') || details?.type === 'suite') continue;
    const failed = type === 'test:fail' && todo === undefined;
    // A file has a result only if it broke down outside its tests.
    if (isFile && !failed) continue;
    const state = failed ? 'failed' : skip !== undefined || todo !== undefined ? 'skipped' : 'passed';
    note({ name: isFile ? '' : name, file, state, ms: details?.duration_ms });
  }
  yield '';
}
