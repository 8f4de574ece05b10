// The workers of one machine, each a process.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DISK_FULL } from './queue.js';

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/**
 * Keeps `count` workers running, the first `deno` of them in Deno: one that dies is replaced. Returns a function that stops them when
 * their jobs are done.
 * @param onDiskFull called when a worker has stopped because of a full disk
 */
export function keepWorkers({ count, deno = 0, file = here('worker.js'), onDiskFull = () => {} }) {
  const workers = new Set();
  let stopped = false;
  const start = (k) => {
    const [program, args] =
      k < deno ? [process.env.DENO ?? 'deno', ['run', '--allow-all', file]] : [process.execPath, [file]];
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    workers.add(child);
    child.on('error', (error) => console.error(`${program}: ${error.message}`));
    child.on('close', (code) => {
      workers.delete(child);
      if (code === DISK_FULL) onDiskFull();
      else if (!stopped) setTimeout(() => !stopped && start(k), 500);
    });
  };
  for (let k = 0; k < count; k++) start(k);
  return async () => {
    stopped = true;
    const ends = [...workers].map((child) => new Promise((resolve) => child.on('close', resolve)));
    for (const child of workers) child.kill('SIGTERM');
    await Promise.all(ends);
  };
}

if (process.argv[1] === here('workers.js')) {
  const [count = '1'] = process.argv.slice(2);
  const stop = keepWorkers({ count: Number(count) });
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => void stop());
}
