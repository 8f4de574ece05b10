import { resolve } from 'node:path';

/** A reporter for node --test: a line of JSON for each test that ended, suites and files left out. */
export default async function* results(events) {
  for await (const { type, data } of events) {
    if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite') continue;
    const failed = type === 'test:fail' && data.todo === undefined;
    // A file stands here as a test of its own: when it broke down outside its tests, or when it has none.
    if (data.nesting === 0 && data.file && resolve(data.name) === data.file && !failed) continue;
    const skipped = data.skip !== undefined || data.todo !== undefined;
    yield `${JSON.stringify({ name: data.name, state: failed ? 'failed' : skipped ? 'skipped' : 'passed' })}\n`;
  }
}
