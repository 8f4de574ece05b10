import { execFile, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { LATE_TIERING } from '../../scripts/lib/v8-flags.mjs';

const deno = join(dirname(createRequire(import.meta.url).resolve('deno/package.json')), 'bin.cjs');
const runtimes = {
  node: { command: process.execPath, args: [LATE_TIERING, 'dist/cli.js'] },
  deno: {
    command: process.execPath,
    args: [deno, 'run', '-A', '--quiet', `--v8-flags=${LATE_TIERING}`, 'dist/cli.js'],
  },
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs many command lines, one after the other in one process, where starting a process for each would take most of the time. */
export async function bagsslEach(lines: readonly (readonly string[])[]): Promise<Ended[]> {
  const args = ['test/support/command-lines.mjs', JSON.stringify(lines)];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout);
}

/** Runs the built command line; `onError` sees stderr as it comes, with the process, and `onStart` the process alone. */
export function bagssl(
  args: string[],
  {
    runtime = 'node' as keyof typeof runtimes,
    onError = (_text: string, _pid: number) => {},
    onStart = (_pid: number): unknown => undefined,
  } = {},
) {
  const { command, args: before } = runtimes[runtime];
  const child = spawn(command, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  onStart(child.pid!);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
    onError(stderr, child.pid!);
  });
  return new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}
