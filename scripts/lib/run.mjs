import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

/**
 * Runs a program to its end and shows its output. Resolves to its exit status, and with `capture` to its standard output. The
 * status is 127 when the program cannot be started and 124 when it was stopped: after `minutes`, or, where `watch` names a file
 * that the program writes its progress to, when that file has not grown for `minutes`. With `held` all it writes is shown when it has
 * ended, so that it does not mix with what runs beside it.
 */
export function run(command, args, options = {}) {
  const { minutes = 30, watch, env = {}, capture = false, quiet = false, held = false, cwd } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }), ...process.env, ...env },
      stdio: held
        ? ['ignore', 'pipe', 'pipe']
        : ['ignore', capture ? 'pipe' : quiet ? 'ignore' : 'inherit', quiet ? 'ignore' : 'inherit'],
      shell: process.platform === 'win32' && command === 'npm',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    let late = false;
    let size = 0;
    let since = performance.now();
    const timer = setInterval(
      () => {
        const now = watch ? (statSync(watch, { throwIfNoEntry: false })?.size ?? 0) : size;
        if (now !== size) [size, since] = [now, performance.now()];
        if (performance.now() - since < minutes * 60_000) return;
        clearInterval(timer);
        late = true;
        console.error(`${command} was stopped after ${minutes} minutes${watch ? ' without progress' : ''}.`);
        child.kill();
        setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
      },
      Math.min(1000, minutes * 60_000),
    );
    child.on('error', (error) => {
      clearInterval(timer);
      if (!quiet) console.error(`${command} could not be started: ${error.message}`);
      resolve({ status: 127, output });
    });
    child.on('close', (code, signal) => {
      clearInterval(timer);
      if (held) process.stdout.write(output);
      if (signal && !late) console.error(`${command} was ended by ${signal}.`);
      resolve({ status: late ? 124 : (code ?? 1), output });
    });
  });
}

/** Runs a script with this Node. */
export const node = (args, options) => run(process.execPath, args, options);

/** Runs npm: the one that started this script, or else the one on the path. */
export function npm(args, options) {
  const cli = process.env.npm_execpath;
  return cli && /npm-cli\.[cm]?js$/.test(cli) && existsSync(cli)
    ? node([cli, ...args], options)
    : run('npm', args, options);
}
