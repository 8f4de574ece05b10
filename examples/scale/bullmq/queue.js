// The queue, and a worker on it. `REDIS_URL` says where Redis is.
import { Queue, WaitingError, Worker } from 'bullmq';

export const QUEUE = process.env.QUEUE ?? 'photos';
/** A worker that has not been heard of for this long is dead, and its job is given to another, ms. */
const LOCK = Number(process.env.LOCK_MS ?? 30_000);

const REDIS = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';
const connection = () => ({ url: REDIS, maxRetriesPerRequest: null });

/** @throws Error if Redis does not answer within ten seconds. Once it has, the queue waits for it however long it is away */
export async function openQueue() {
  const queue = new Queue(QUEUE, { connection: connection() });
  let last;
  queue.on('error', (error) => {
    last = error;
  });
  const late = new Promise((_, reject) => {
    const refuse = () => {
      const { host } = new URL(REDIS); // not the password
      reject(
        new Error(
          `Redis does not answer at ${host} (${last?.message || last?.code || 'no error'}). Start redis-server, or set REDIS_URL.`,
        ),
      );
    };
    setTimeout(refuse, 10_000).unref();
  });
  try {
    await Promise.race([queue.waitUntilReady(), late]);
  } catch (error) {
    void queue.disconnect();
    throw error;
  }
  return queue;
}

/** A job that throws is tried again, five times in all. One that has its shard leaves nothing in Redis. */
const TRIES = { attempts: 5, backoff: { type: 'exponential', delay: 1000 }, removeOnComplete: true };

/**
 * Adds jobs, no more than `ahead` before the workers, so that Redis never holds a long list. A job that is there already is not added again,
 * because its id is its name.
 */
export async function produce(queue, jobs, ahead = 1000, together = 100) {
  await queue.retryJobs({ state: 'failed' }); // of an earlier run, whose cause may be gone
  for (let start = 0; start < jobs.length; start += together) {
    while ((await queue.getWaitingCount()) >= ahead) await new Promise((resolve) => setTimeout(resolve, 100));
    const some = jobs.slice(start, start + together);
    await queue.addBulk(some.map((job) => ({ name: 'embed', data: job, opts: { jobId: job.name, ...TRIES } })));
  }
}

/** What a process ends with when its disk is full: starting it again would not help. */
export const DISK_FULL = 74;

/**
 * A worker of this process. SIGTERM and SIGINT stop it when its jobs are done. On a full disk it gives its job back and stops.
 * @param concurrency jobs at a time. One keeps a core busy with embedding; more suit jobs that wait, for a disk or a network
 */
export function startWorker(run, concurrency = 1) {
  const stop = async (code) => {
    process.exitCode = code;
    await worker.close();
    process.exit();
  };
  const worker = new Worker(
    QUEUE,
    async (job, token) => {
      try {
        return await run(job.data);
      } catch (error) {
        if (!['ENOSPC', 'EDQUOT'].includes(error.code)) throw error;
        console.error(`The disk is full (${error.message}): ${job.id} is given back, and this worker stops.`);
        await job.moveToWait(token);
        void stop(DISK_FULL);
        throw new WaitingError();
      }
    },
    // A job may lose many workers, as on machines that can be taken away at any time. A photo that ends workers is found by embedJob.
    { connection: connection(), concurrency, lockDuration: LOCK, stalledInterval: LOCK / 2, maxStalledCount: 100 },
  );
  worker.on('error', (error) => console.error(`Redis: ${error.message}`));
  worker.on('failed', (job, error) => console.error(`${job?.id}, try ${job?.attemptsMade}: ${error.message}`));
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void stop(0));
  return worker;
}
