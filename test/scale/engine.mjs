// An engine's program, run while its workers are ended, and on a disk that is too small.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { run } from '../../scripts/lib/run.mjs';
import { CRASH, must, PROGRAM } from './prepare.mjs';
import { begun, faultsOf, shardsOf, writtenAt } from './shards.mjs';

const isAlive = (pid) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** Starts an engine's program in a process group of its own. */
function start({ engine, more = [], gentle, env, photos, model, job, workers }, out) {
  const args = [engine, photos, model, out, '--job', String(job), '--workers', String(workers), ...more];
  const child = spawn(PROGRAM, args, {
    detached: true,
    env: { ...process.env, ...env, ...(!gentle && CRASH) },
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

/** Runs a program to its end. Ends some of its workers on the way, and the last time all of it; then it is started again. */
async function runKilling(one, out) {
  const { kills, job, ids, gentle, again } = one;
  const jobs = Math.ceil(ids.length / job);
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
    if (done && (done.status === 0 || !again || starts > kills + 4)) return done;
    if (done) {
      starts++;
      console.log('  its program ended with its worker, and is started again');
      begin();
    }
    if (gentle || k > kills || !existsSync(join(out, 'begun'))) continue;
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

/** What the shards in `out` hold. @throws Error that says what is wrong with them */
async function faultless(out, one) {
  const { faults, ...found } = await faultsOf(out, one.model, { ...one, photos: one.ids, crashes: !one.gentle });
  if (faults.length > 0) throw new Error(`${faults.join('; ')}.`);
  return `${found.rows} photos have one vector each, ${found.skipped} are listed; the least cosine with bagssl's vectors is ${found.least.toFixed(6)}, of ${found.compared}`;
}

/** Every photo has one vector though workers are ended; nothing is embedded twice; shards of another model are refused. */
export async function checkEngine(one) {
  const out = join(one.root, `${one.engine}-${one.count}`);
  rmSync(out, { recursive: true, force: true });
  const output = await must('The program', runKilling(one, out));
  const found = await faultless(out, one);
  const before = writtenAt(out);
  await must('Once more', start(one, out).ended);
  if (String(before) !== String(writtenAt(out))) throw new Error('Started once more, it wrote shards that were there.');
  const { status, output: said } = await start({ ...one, model: one.other }, out).ended;
  if (status === 0 || !/another model/.test(said)) throw new Error(`Another model was not refused: ${said}`);
  console.log(`  ${output.trim().split('\n').at(-1)}`);
  return found;
}

/** On a full disk the program ends and says so, and leaves whole shards alone; with room again it writes the others. */
export async function checkFullDisk(one) {
  const out = join(one.root, `disk-${one.engine}`);
  await run('umount', [out], { quiet: true }); // what a test that was ended has left
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const calm = { ...one, gentle: true };
  // Room for about seven shards, of 0.6 kB a photo.
  const size = `size=${28 + Math.ceil(0.6 * 7 * one.job)}k`;
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', out], { quiet: true });
  if (mounted.status !== 0) return 'no small disk can be made here, so a full one is not tried';
  try {
    const { status, output } = await start(calm, out).ended;
    if (status === 0) throw new Error('It ended well on a full disk.');
    if (!/No space left|ENOSPC/.test(output)) throw new Error(`It does not say that the disk is full: ${output}`);
    const parts = readdirSync(out).filter((name) => name.startsWith('.'));
    if (parts.length > 0) throw new Error(`It left ${parts} behind.`);
    const whole = shardsOf(out).length;
    if (whole === 0) throw new Error('It wrote no shard.');
    await must('mount', run('mount', ['-o', 'remount,size=64m', out]));
    await must('With room again', start(calm, out).ended);
    await faultless(out, calm);
    return `a full disk ends it after ${whole} shards; with room again the others are written`;
  } finally {
    await run('umount', [out], { quiet: true });
  }
}
