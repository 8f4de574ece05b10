// node alone.mjs PHOTOS MODEL OUT: the jobs of examples/scale/bullmq/ one after another in this process, without a queue.
import { embedJob } from '../../examples/scale/bullmq/embed-job.js';
import { jobsOf } from '../../examples/scale/bullmq/jobs.js';
import { options } from '../../examples/scale/bullmq/options.js';

for (const job of await jobsOf(options())) await embedJob(job);
process.exit();
