import { appendFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const MARK = { passed: '✔', failed: '✖', skipped: '﹣' };

const indent = (text, by) => String(text).replace(/^/gm, by);

function tests(suite, path = []) {
  if (!suite) return [];
  return [
    ...suite.tests.map((test) => ({ ...test, name: [...path, test.name].join(' > ') })),
    ...suite.suites.flatMap((inner) => tests(inner, [...path, inner.name])),
  ];
}

/** A reporter for @web/test-runner: shows each test as it ended, and adds a line of JSON for it to `results` (see results.mjs). */
export function browserReporter(results) {
  const record = (entry) => appendFileSync(results, `${JSON.stringify(entry)}\n`);
  return {
    start() {
      writeFileSync(results, '');
    },
    reportTestFileResults({ logger, sessionsForTestFile, testFile }) {
      const file = relative(process.cwd(), testFile);
      logger.log(`▶ ${file}`);
      for (const session of sessionsForTestFile) {
        for (const log of session.logs.flat()) {
          logger.log(indent(typeof log === 'string' ? log : JSON.stringify(log), '    '));
        }
        const all = tests(session.testResults);
        for (const { name, passed, skipped, duration, error } of all) {
          const state = skipped ? 'skipped' : passed ? 'passed' : 'failed';
          logger.log(`  ${MARK[state]} ${name}${duration ? ` (${Math.round(duration)} ms)` : ''}`);
          if (error) logger.log(indent([error.message, error.stack].filter(Boolean).join('\n'), '      '));
          record({ name, file, state, ms: duration });
        }
        for (const { message, stack } of session.errors) {
          logger.log(`  ✖ ${message}${stack ? `\n${indent(stack, '      ')}` : ''}`);
        }
        for (const missing of session.request404s ?? []) logger.log(`  not found: ${missing}`);
        // A file that breaks down outside its tests counts as one failed test.
        if (!session.passed && all.every(({ passed, skipped }) => passed || skipped))
          record({ name: '', file, state: 'failed' });
      }
    },
  };
}
