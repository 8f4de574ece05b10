// npm run test:scale [-- NAME …] [--photos N] [--kills N] [--workers N] [--job N] [--patches grid2]: runs examples/scale/ on the engines themselves, ends
// their workers by kill -9 on the way, and checks that every photo has one vector, the one that bagssl gives. Not part of npm test.
//
// npm run test:scale -- --throughput [NAME …] [--photos N]: how fast one worker and two are on each engine, in a table. The encoder is the
// one that comes with bagssl, at 224×224, in batches of 64. Let nothing else run beside it. --install: only gets everything ready.
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkEngine, checkFullDisk } from '../test/scale/engine.mjs';
import { cli, PROGRAM, prepare, references } from '../test/scale/prepare.mjs';
import { startRedis } from '../test/scale/redis.mjs';
import { throughput } from '../test/scale/throughput.mjs';
import { checkTraining, hasMpi } from '../test/scale/train.mjs';
import { checkVectors } from '../test/scale/vectors.mjs';
import { node, run } from './lib/run.mjs';

/**
 * What is run. `exact`: the decoder is that of the reference, and vectors are equal. `again`: the program ends with its worker, and is
 * started again. `gentle`: no worker is ended. `disk`: on a full disk too.
 */
const RUNS = [
  { engine: 'dask', exact: true, disk: true },
  { engine: 'ray', exact: true },
  { engine: 'spark', exact: true },
  { engine: 'beam', exact: true, again: true },
  { engine: 'bullmq', needs: 'Redis', disk: true },
  // Node's hook that stands for a crash is not Deno's.
  {
    engine: 'bullmq',
    title: 'bullmq, one of its workers in Deno',
    needs: 'Redis',
    more: ['--deno', '1'],
    gentle: true,
  },
  { engine: 'vectors', check: (setting) => checkVectors(setting, setting.plain) },
  { engine: 'train', needs: 'Open MPI', check: ({ root, photos }) => checkTraining(root, photos) },
];
const number = (value) => ({ type: 'string', default: String(value) });
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    photos: { type: 'string' },
    kills: number(3),
    workers: number(2),
    job: { type: 'string' },
    patches: { type: 'string' },
    throughput: { type: 'boolean' },
    install: { type: 'boolean' },
  },
});
const names = [...new Set(RUNS.map(({ engine }) => engine))];
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: not among ${names.join(', ')}.`);
  process.exit(2);
}
const asked = RUNS.filter(({ engine }) => positionals.length === 0 || positionals.includes(engine));
const count = Number(values.photos ?? (values.throughput ? 2048 : 300));
const job = Number(values.job ?? Math.max(16, Math.min(256, Math.floor(count / 12))));

/** Runs one of RUNS. Resolves to `passed`, `failed` or `skipped`. */
async function tried(one, setting) {
  console.log(`${one.title ?? one.engine}:`);
  const skip = (what) => {
    console.log(`  ${what} could not be installed, so this is skipped.`);
    return 'skipped';
  };
  if ((await run(PROGRAM, [one.engine, '--install'])).status !== 0) return skip(one.engine);
  if (one.needs === 'Open MPI' && !(await hasMpi())) return skip(one.needs);
  const redis = one.needs === 'Redis' ? await startRedis(join(setting.root, 'redis')) : undefined;
  if (one.needs === 'Redis' && !redis) return skip(one.needs);
  if (one.more?.includes('--deno')) await node(['node_modules/deno/bin.cjs', '--version'], { quiet: true }); // puts its binary there
  const env = redis && { REDIS_URL: redis.url, LOCK_MS: '4000', DENO: resolve('node_modules/deno/deno') };
  const whole = { ...setting, ...one, env };
  try {
    console.log(`  ${await (one.check ?? checkEngine)(whole)}`);
    if (one.disk) console.log(`  ${await checkFullDisk(whole)}`);
    return 'passed';
  } catch (error) {
    console.error(`  failed: ${error.message}`);
    return 'failed';
  } finally {
    await redis?.stop();
  }
}

/** `--throughput`. */
async function compared() {
  const places = await prepare(count, values.patches);
  const model = join(places.root, 'shipped.onnx');
  await cli('export', '--image-size', '224x224', '--out', model, '--overwrite');
  const redis = await startRedis(join(places.root, 'redis'));
  const engines = [];
  for (const { engine, title, check, needs } of asked) {
    if (title || check || (needs && !redis)) continue;
    const { status } = await run(PROGRAM, [engine, '--install']);
    if (status === 0) engines.push({ engine, env: needs ? { REDIS_URL: redis.url } : {} });
    else console.log(`${engine} could not be installed, so it is left out.`);
  }
  try {
    if (values.install) return 0;
    const faults = await throughput({ ...places, model }, engines);
    for (const fault of faults) console.error(fault);
    return faults.length > 0 ? 1 : 0;
  } finally {
    await redis?.stop();
  }
}

if (values.throughput) process.exit(await compared());

const places = {
  ...(await prepare(count, values.patches)),
  job,
  kills: Number(values.kills),
  workers: Number(values.workers),
};
const compares = asked.some(({ engine }) => engine !== 'train');
const setting = { ...places, ...(compares && (await references(places, job))) };
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const one of asked) counts[await tried(one, setting)]++;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
