// npm run test:faults -- [--json] [--count N] [--seed S] [--only node|browser|deno]
// Causes N faults (default 100) on each platform at random times in real trainings, kills a saving program 50 times, takes GPUs and
// memory away, and says how many runs ended right, how many steps were taken again, and whether a bit was changed.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { node } from './lib/run.mjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1e9) },
    only: { type: 'string', multiple: true, default: ['node', 'browser', 'deno'] },
  },
});
const started = performance.now();
const platforms = {};
let failed = 0;
for (const only of values.only) {
  const { status, output } = await node(
    [
      fileURLToPath(new URL('test.mjs', import.meta.url)),
      ...['--only', only],
      ...['everywhere/faults', 'training/kill', 'device-lost', 'out-of-memory', 'hang.test'],
    ],
    {
      minutes: 30,
      capture: true,
      env: {
        BAGSSL_FAULTS: JSON.stringify({ count: Number(values.count), seed: Number(values.seed) }),
        BAGSSL_KILLS: '50',
      },
    },
  );
  if (!values.json) console.log(output);
  const found = /FAULTS (\{.*\})/.exec(output)?.[1];
  const [, saved, kills, torn] = /(\d+) checkpoints saved, (\d+) kills, (\d+) in the middle/.exec(output) ?? [];
  const tests = /(\d+) passed, (\d+) failed/.exec(output);
  platforms[only] = {
    ...(found && JSON.parse(found)),
    ...(kills && { kills: Number(kills), checkpointsSaved: Number(saved), killedWithinAFile: Number(torn) }),
    testsPassed: Number(tests?.[1] ?? 0),
    testsFailed: Number(tests?.[2] ?? 1),
  };
  if (status !== 0 || !found) failed++;
}
const sum = (key) => Object.values(platforms).reduce((total, figures) => total + (figures[key] ?? 0), 0);
const total = Object.fromEntries(
  ['faults', 'right', 'seen', 'stepsLost', 'changed', 'unhandled'].map((key) => [key, sum(key)]),
);
const report = {
  seed: Number(values.seed),
  seconds: Math.round((performance.now() - started) / 1000),
  ...total,
  platforms,
};
console.log(values.json ? JSON.stringify(report) : report);
process.exitCode = failed > 0 ? 1 : 0;
