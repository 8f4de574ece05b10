// node worker.js, or deno run --allow-all worker.js: one worker. Start one a core, on as many machines as you like.
import { embedJob } from './embed-job.js';
import { startWorker } from './queue.js';

startWorker(embedJob);
