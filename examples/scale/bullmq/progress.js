// node progress.js: how far the queue is, a line a second, until it is empty.
import { openQueue } from './queue.js';

const queue = await openQueue();
const started = performance.now();
let first;
for (;;) {
  const { waiting, active, delayed, failed } = await queue.getJobCounts('waiting', 'active', 'delayed', 'failed');
  const left = waiting + active + delayed;
  first ??= left;
  const pace = (first - left) / ((performance.now() - started) / 1000);
  const rest = pace > 0 ? `, ${Math.ceil(left / pace)} s left` : '';
  console.log(
    `${waiting} waiting, ${active} active, ${delayed} to be tried again, ${failed} failed; ${pace.toFixed(1)} jobs/s${rest}`,
  );
  if (left === 0) break;
  await new Promise((resolve) => setTimeout(resolve, 1000));
}
await queue.close();
