// Loaded into each process of node --test: notes when tests start and end (results.mjs). Node's reporters hear of it only later,
// for they get the files that run at the same time one after the other.
import { appendFileSync } from 'node:fs';
import { beforeEach } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { LATE_TIERING } from './v8-flags.mjs';

const { NODE_TEST_CONTEXT, BAGSSL_TEST_RESULTS } = process.env;

if (isMainThread && NODE_TEST_CONTEXT && BAGSSL_TEST_RESULTS) {
  setFlagsFromString(LATE_TIERING);
  const note = (event, name) =>
    appendFileSync(BAGSSL_TEST_RESULTS, `${JSON.stringify({ [event]: name, file: process.argv[1] })}\n`);
  beforeEach(({ name, signal }) => {
    note('started', name);
    signal.addEventListener('abort', () => note('ended', name));
  });
}
