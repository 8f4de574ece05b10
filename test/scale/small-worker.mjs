// A worker on jobs that need no time of their own: a row of two numbers for every id. Most of a job is waiting for the disk, so it runs
// many at a time.
import { startWorker } from '../../examples/scale/bullmq/queue.js';
import { writeShard } from '../../examples/scale/bullmq/shard.js';

const run = async (job) =>
  writeShard(
    job,
    job.ids.map((id) => ({ id, vector: [Number(id), -Number(id)] })),
    [],
  );
startWorker(run, Number(process.env.CONCURRENCY));
