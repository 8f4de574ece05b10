// What an engine costs: photos a second of one and of two workers of one thread, beside a process without an engine.
import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { node, run } from '../../scripts/lib/run.mjs';
import { must, PROGRAM } from './prepare.mjs';
import { shardsOf } from './shards.mjs';

const BATCH = 64;
/** Two workers are to be this many times as fast as one; and one takes at most this much longer than a process without an engine. */
const [LEAST_RATIO, MOST_OVERHEAD] = [1.7, 0.15];
/** Prints a line of the table. */
const print = (...cells) => console.log(`  ${cells.map((cell, k) => String(cell).padEnd(k === 0 ? 8 : 14)).join('')}`);

const perSecond = (rate) => `${rate.toFixed(1)} a s`;

/** Photos a second, from when a quarter of the jobs are done until a worker has no job left. */
function rateOf(out, workers) {
  const times = shardsOf(out)
    .map((name) => statSync(join(out, name)).mtimeMs / 1000)
    .sort((a, b) => a - b);
  const first = Math.ceil(times.length / 4) - 1;
  const last = times.length - workers;
  return ((last - first) * BATCH) / (times[last] - times[first]);
}

/** Runs a program on all photos; the rate, and the seconds that it took with its start. */
async function measured({ root, photos, model, env }, name, workers, program) {
  const out = join(root, 'throughput', `${name}-${workers}`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const args = [photos, model, out, '--job', String(BATCH), '--batch', String(BATCH), '--workers', String(workers)];
  const started = performance.now();
  await must(name, program(args, { env, held: false, capture: true, quiet: true }));
  return { rate: rateOf(out, workers), seconds: (performance.now() - started) / 1000 };
}

/** The process without an engine, for programs in Python and for those in JavaScript. */
const ALONE = {
  python: (args, options) => run(PROGRAM, ['python', ...args], options),
  node: (args, options) => node([resolve('test/scale/alone.mjs'), ...args], options),
};

/**
 * Prints a table of what each engine does in a second.
 * @param engines names, with the environment of those that need one
 * @returns what is too slow, a sentence each
 */
export async function throughput(places, engines) {
  const alone = {};
  const faults = [];
  print('', '1 worker/s', '2 workers/s', 'ratio', 'overhead', 'with start: 1 worker', '2 workers');
  for (const { engine, env } of engines) {
    const kind = engine === 'bullmq' ? 'node' : 'python';
    const setting = { ...places, env };
    if (!alone[kind]) {
      alone[kind] = await measured(setting, kind, 1, ALONE[kind]);
      print(kind, perSecond(alone[kind].rate), '', '', '', `${alone[kind].seconds.toFixed(0)} s`);
    }
    const program = (args, options) => run(PROGRAM, [engine, ...args], options);
    const one = await measured(setting, engine, 1, program);
    const two = await measured(setting, engine, 2, program);
    const [ratio, overhead] = [two.rate / one.rate, alone[kind].rate / one.rate - 1];
    const starts = [one, two].map(({ seconds }) => `${seconds.toFixed(0)} s`);
    print(
      engine,
      perSecond(one.rate),
      perSecond(two.rate),
      ratio.toFixed(2),
      `${(overhead * 100).toFixed(1)} %`,
      ...starts,
    );
    if (!(ratio >= LEAST_RATIO)) faults.push(`${engine}: two workers are ${ratio.toFixed(2)} times as fast as one.`);
    if (!(overhead < MOST_OVERHEAD)) faults.push(`${engine}: an overhead of ${(overhead * 100).toFixed(1)} %.`);
  }
  return faults;
}
