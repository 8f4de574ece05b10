// npm run test:scale [-- ENGINE …] [--photos N] [--kills N]: runs examples/scale/ on the engines themselves, ends their workers by
// kill -9 on the way, and checks that every photo has one vector, the one that bagssl gives. Not part of npm test.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { startRedis } from '../test/scale/redis.mjs';
import { begun, faultsOf, readShards, shardsOf, writtenAt } from '../test/scale/shards.mjs';
import { checkTraining, hasMpi } from '../test/scale/train.mjs';
import { built } from './lib/built.mjs';
import { node, run } from './lib/run.mjs';

/**
 * What is run of each engine. `exact`: its decoder is that of the reference, and its vectors are equal. `again`: the program ends with
 * its worker, and is started again.
 */
const RUNS = [
  { engine: 'dask', exact: true },
  { engine: 'ray', exact: true },
  { engine: 'spark', exact: true },
  { engine: 'beam', exact: true, again: true },
  { engine: 'bullmq', redis: true },
  // Node's hook that stands for a crash is not Deno's.
  { engine: 'bullmq', name: 'bullmq, of its workers one in Deno', redis: true, more: ['--deno', '1'], gentle: true },
];
/** Not an engine that embeds, but training on ranks of MPI. */
const TRAIN = 'train';
const ENGINES = [...new Set([...RUNS.map(({ engine }) => engine), TRAIN])];
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    photos: { type: 'string', default: '300' },
    kills: { type: 'string', default: '3' },
    job: { type: 'string' },
    workers: { type: 'string', default: '2' },
  },
});
const unknown = positionals.filter((name) => !ENGINES.includes(name));
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: not among ${ENGINES.join(', ')}.`);
  process.exit(2);
}
const count = Number(values.photos);
const kills = Number(values.kills);
const job = Number(values.job ?? Math.max(16, Math.min(256, Math.floor(count / 12))));
const root = resolve('build/scale');
const photos = join(root, `photos-${count}`);
const model = join(root, 'embedder.onnx');
const program = resolve('examples/scale/run.sh');
const python = resolve('examples/scale/python/.venv/bin/python');
const crash = {
  PYTHONPATH: resolve('test/scale/crash'),
  NODE_OPTIONS: `--import=${pathToFileURL(resolve('test/scale/crash/crash.mjs'))}`,
};
const queue = { LOCK_MS: '4000', DENO: resolve('node_modules/deno/deno') };

/** Runs what must succeed. */
async function must(what, result) {
  const { status, output } = await result;
  if (status !== 0) throw new Error(`${what} ended with ${status}.\n${output}`);
  return output;
}

const idsOf = () =>
  readdirSync(photos, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(photos.length + 1));

/** Photos; and, where an engine embeds them, the model and the vectors to compare with. */
async function prepare(embeds) {
  if (!built('.')) await must('The build', node(['scripts/build.mjs']));
  mkdirSync(root, { recursive: true });
  await must('The virtual environment', run(program, ['python', '--install']));
  if (!existsSync(join(photos, 'text.jpg'))) {
    console.log(`Making ${count} photos …`);
    await must('Making photos', run(python, ['test/scale/make_photos.py', photos, String(count)]));
  }
  if (!embeds) return undefined;
  const encoder = ['--model', 'models/cifar10.safetensors', '--overwrite'];
  for (const [size, out] of [
    ['64x64', model],
    ['48x48', join(root, 'other.onnx')],
  ]) {
    await must(
      'export',
      node(['dist/cli.js', 'export', ...encoder, '--image-size', size, '--out', out], { quiet: true }),
    );
  }
  console.log('Embedding in one process, and by bagssl embed …');
  const plain = join(root, `one-process-${count}-${job}`);
  // crash.jpg ends it twice. After that it is decoded in a process of its own, which it ends too, and is listed.
  const alone = () => run(program, ['python', photos, model, plain, '--job', String(job)], { env: crash, quiet: true });
  await alone();
  await alone();
  await must('One process', alone());
  const own = join(root, `bagssl-${count}.parquet`);
  if (!existsSync(own)) {
    const images = ['--images', String(Math.min(count + 10, 1000))];
    await must(
      'bagssl embed',
      node(['dist/cli.js', 'embed', '--data', photos, '--encoder', model, '--out', own, ...images], { quiet: true }),
    );
  }
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(own) });
  return {
    reference: new Map((await readShards(plain)).rows.map(({ id, vector }) => [id, vector])),
    own: new Map(rows.map(({ file, vector }) => [file, vector])),
  };
}

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Starts an engine's program in a process group of its own. */
function start({ engine, more = [], gentle, env }, out, embedder = model) {
  const args = [engine, photos, embedder, out, '--job', String(job), '--workers', values.workers, ...more];
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...env, ...(!gentle && crash) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const ended = new Promise((resolve) =>
    child.on('close', (status, signal) => resolve({ status: status ?? signal, output })),
  );
  return { child, ended };
}

/** Runs an engine's program to its end. Ends some of its workers on the way, and the last time the whole program, which resumes. */
async function runKilling(one, out) {
  const jobs = Math.ceil(idsOf().length / job);
  let child;
  let ended;
  let done;
  const begin = () => {
    ({ child, ended } = start(one, out));
    done = undefined;
    ended.then((result) => {
      done = result;
    });
  };
  begin();
  let starts = 1;
  for (let k = 1; ; ) {
    await wait(20);
    if (done && (done.status === 0 || !one.again || starts > kills + 4)) return done;
    if (done) {
      starts++;
      console.log(`  its program ended with its worker, and is started again`);
      begin();
    }
    if (one.gentle || k > kills || !existsSync(join(out, 'begun'))) continue;
    if (shardsOf(out).length < (k * jobs) / (kills + 2)) continue;
    const found = begun(out).find(({ pids }) => pids.length === 1 && isAlive(pids[0]));
    if (!found) continue;
    if (k < kills) {
      process.kill(found.pids[0], 'SIGKILL');
      console.log(`  ended a worker (${shardsOf(out).length} of ${jobs} shards there)`);
    } else {
      process.kill(-child.pid, 'SIGKILL');
      await ended;
      console.log(`  ended the program (${shardsOf(out).length} of ${jobs} shards there), and started it again`);
      begin();
    }
    k++;
  }
}

/** Everything that must hold of an engine; throws what does not. */
async function check(one, { reference, own }) {
  const out = join(root, `${one.engine}-${count}`);
  rmSync(out, { recursive: true, force: true });
  const output = await must('The program', runKilling(one, out));
  const expected = { photos: idsOf(), crashes: !one.gentle, reference, exact: one.exact, own };
  const { faults, ...found } = await faultsOf(out, model, expected);
  if (faults.length > 0) throw new Error(`${faults.join('; ')}.`);
  const before = writtenAt(out);
  await must('Once more', start(one, out).ended);
  if (String(before) !== String(writtenAt(out))) throw new Error('Started once more, it wrote shards that were there.');
  const { status, output: said } = await start(one, out, join(root, 'other.onnx')).ended;
  if (status === 0 || !/another model/.test(said)) throw new Error(`Another model was not refused: ${said}`);
  console.log(`  ${output.trim().split('\n').at(-1)}`);
  return `${found.rows} photos have one vector each, ${found.skipped} are listed; the least cosine with bagssl's vectors is ${found.least.toFixed(6)}, of ${found.compared}`;
}

/** Runs one of RUNS. Resolves to `passed`, `failed` or `skipped`. */
async function tried(one, given) {
  console.log(`${one.name ?? one.engine}:`);
  const { status } = await run(program, [one.engine, '--install']);
  if (one.engine === 'bullmq') await node(['node_modules/deno/bin.cjs', '--version'], { quiet: true }); // puts its binary there
  const redis = one.redis && status === 0 ? await startRedis(join(root, 'redis')) : undefined;
  const lacks =
    status !== 0 ? one.engine : one.redis && !redis ? 'Redis' : one.mpi && !(await hasMpi()) ? 'Open MPI' : '';
  if (lacks) {
    console.log(`  ${lacks} could not be installed, so this is skipped.`);
    return 'skipped';
  }
  const env = redis && { ...queue, REDIS_URL: redis.url };
  try {
    console.log(`  ${await (one.mpi ? checkTraining(root, photos) : check({ ...one, env }, given))}`);
    return 'passed';
  } catch (error) {
    console.error(`  failed: ${error.message}`);
    return 'failed';
  } finally {
    await redis?.stop();
  }
}

const isAsked = (engine) => positionals.length === 0 || positionals.includes(engine);
const given = await prepare(RUNS.some(({ engine }) => isAsked(engine)));
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const one of RUNS) if (isAsked(one.engine)) counts[await tried(one, given)]++;
if (isAsked(TRAIN)) counts[await tried({ engine: TRAIN, mpi: true }, given)]++;
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
