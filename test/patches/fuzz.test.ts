import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

/** `BAGSSL_FUZZ=100000 npm test -- --only node fuzz` runs that many. */
const RUNS = Number(process.env.BAGSSL_FUZZ ?? 1000);

test(`${RUNS} random recipes and images: nothing is read or written outside the buffers`, (context) => {
  let patches = 0;
  for (let seed = 0; seed < RUNS; seed++) patches += fuzz(seed);
  context.diagnostic(`${patches} patches`);
});
