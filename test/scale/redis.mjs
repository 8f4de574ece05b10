// A Redis server of the test's own, with its append-only file on.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { aptInstall, canInstall } from '../../scripts/lib/debian.mjs';
import { run } from '../../scripts/lib/run.mjs';

const isThere = async () => (await run('redis-server', ['--version'], { quiet: true })).status === 0;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Starts Redis in a folder; undefined where it is not installed and cannot be. */
export async function startRedis(folder) {
  if (!(await isThere()) && !(canInstall() && (await aptInstall('redis-server')) && (await isThere())))
    return undefined;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: folder,
    appendonly: 'yes',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let server;
  const start = async () => {
    server = spawn('redis-server', args, { stdio: 'ignore' });
    for (;;) {
      const { output } = await run('redis-cli', ['-p', String(port), 'ping'], {
        held: false,
        capture: true,
        quiet: true,
      });
      if (/PONG/.test(output)) return;
      await wait(100);
    }
  };
  const end = (signal) =>
    new Promise((resolve) => {
      server.once('close', resolve);
      server.kill(signal);
    });
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    /** Ends it as a crash does, and starts it again from its file. */
    async crash() {
      await end('SIGKILL');
      await start();
    },
    stop: () => end('SIGTERM'),
  };
}
