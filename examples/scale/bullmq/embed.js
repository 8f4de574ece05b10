// node embed.js PHOTOS MODEL OUT [--workers N]: producer and workers on one machine, until every job has its shard.
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { jobsOf, shardsIn } from './jobs.js';
import { options } from './options.js';
import { openQueue, produce } from './queue.js';
import { keepWorkers } from './workers.js';

const given = options();
const started = performance.now();
const left = await jobsOf(given);
const queue = await openQueue();
const { workers = availableParallelism(), deno, out } = given;
let isFull = false;
const stop = keepWorkers({
  count: left.length > 0 ? workers : 0,
  deno,
  onDiskFull: () => {
    isFull = true;
  },
});
await produce(queue, left);
let counts;
do {
  await new Promise((resolve) => setTimeout(resolve, 200));
  counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
} while (!isFull && counts.waiting + counts.active + counts.delayed > 0);
await stop();
await queue.close();

let photos = 0;
const skipped = [];
for (const name of (await shardsIn(out)).sort()) {
  const metadata = await parquetMetadataAsync(await asyncBufferFromFile(join(out, `${name}.parquet`)));
  photos += Number(metadata.num_rows);
  skipped.push(...JSON.parse(metadata.key_value_metadata.find(({ key }) => key === 'skipped').value));
}
await writeFile(join(out, 'skipped.json'), JSON.stringify(skipped, null, 1));
const wall = Number(((performance.now() - started) / 1000).toFixed(2));
console.log(JSON.stringify({ photos, skipped: skipped.length, failed: counts.failed, wall }));
process.exitCode = isFull ? 74 : counts.failed > 0 ? 1 : 0;
