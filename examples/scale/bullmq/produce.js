// node produce.js PHOTOS MODEL OUT: puts the jobs that have no shard into the queue, and ends when all are in it.

import { jobsOf } from './jobs.js';
import { options } from './options.js';
import { openQueue, produce } from './queue.js';

const left = await jobsOf(options());
const queue = await openQueue();
await produce(queue, left);
await queue.close();
