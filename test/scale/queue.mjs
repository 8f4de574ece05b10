// node test/scale/queue.mjs [--jobs N] [--every SECONDS] [--concurrency N]: N small jobs (200,000), each of one row in a shard of its
// own, drained by two workers of 16 jobs at a time, one of which is ended by kill -9 every few seconds; Redis is ended in the middle.
// Every id must be in the shards once.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startRedis } from './redis.mjs';
import { readShards } from './shards.mjs';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '200000' },
    every: { type: 'string', default: '10' },
    concurrency: { type: 'string', default: '16' },
  },
});
const count = Number(values.jobs);
const root = resolve('build/scale/queue');
const out = join(root, 'shards');
rmSync(root, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const redis = await startRedis(join(root, 'redis'));
if (!redis) throw new Error('redis-server is not installed.');
Object.assign(process.env, { REDIS_URL: redis.url, LOCK_MS: '4000', QUEUE: 'small', CONCURRENCY: values.concurrency });

const { openQueue, produce } = await import('../../examples/scale/bullmq/queue.js');
const { keepWorkers } = await import('../../examples/scale/bullmq/workers.js');
const queue = await openQueue();
const started = performance.now();
const stop = keepWorkers({ count: 2, file: fileURLToPath(new URL('small-worker.mjs', import.meta.url)) });
const jobs = Array.from({ length: count }, (_, k) => {
  return { name: `job-${String(k).padStart(6, '0')}`, ids: [String(k)], out, digest: 'none' };
});
let produced = false;
const producing = produce(queue, jobs).then(() => {
  produced = true;
});

/** The process ids of the workers: children of this process that run Node. */
const workers = () => {
  const list = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' });
  return list
    .split('\n')
    .filter((line) => /small-worker/.test(line))
    .map((line) => Number.parseInt(line, 10));
};

const counts = { workers: 0, redis: 0 };
let ended = performance.now();
for (;;) {
  await wait(500);
  const left = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  if (produced && left.waiting + left.active + left.delayed === 0) break;
  if (performance.now() - ended < Number(values.every) * 1000) continue;
  ended = performance.now();
  const [worker] = workers();
  if (worker) {
    process.kill(worker, 'SIGKILL');
    counts.workers++;
  }
  const written = Number(execFileSync('sh', ['-c', `ls -U "${out}" | wc -l`], { encoding: 'utf8' }));
  console.log(
    `${((performance.now() - started) / 1000).toFixed(0)} s: ${written} shards, ended worker ${worker}; ${JSON.stringify(left)}`,
  );
  if (counts.redis === 0 && written > count / 2) {
    await redis.crash();
    counts.redis++;
    console.log('ended Redis, and started it again');
  }
}
await producing;
const seconds = (performance.now() - started) / 1000;
console.log(`drained after ${seconds.toFixed(0)} s; reading the shards …`);
const failed = await queue.getFailedCount();
await stop();
await queue.close();
await redis.stop();
const { rows } = await readShards(out);
const seen = new Set(rows.map(({ id }) => id));
const whole = rows.length === count && seen.size === count && rows.every(({ id, vector }) => vector[0] === Number(id));
console.log(
  `${rows.length} rows of ${seen.size} ids in ${seconds.toFixed(0)} s (${(count / seconds).toFixed(0)} jobs/s); ${failed} failed; ended ${counts.workers} workers, Redis ${counts.redis} times`,
);
console.log(whole && failed === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
process.exitCode = whole && failed === 0 ? 0 : 1;
