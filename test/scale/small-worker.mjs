// A worker on jobs that need no time of their own: a row of two numbers for every id.
import { startWorker } from '../../examples/scale/bullmq/queue.js';
import { writeShard } from '../../examples/scale/bullmq/shard.js';

startWorker(async (job) =>
  writeShard(
    job,
    job.ids.map((id) => ({ id, vector: [Number(id), -Number(id)] })),
    [],
  ),
);
