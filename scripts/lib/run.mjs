import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Runs a program to its end, with its output shown. Resolves to its exit status; `output` is its standard output where
 * `capture` asks for it. A program that outlives `minutes` is ended, one that cannot be started has status 127.
 */
export function run(command, args, { minutes = 30, env = {}, capture = false, quiet = false, cwd } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }), ...process.env, ...env },
      stdio: ['ignore', capture ? 'pipe' : quiet ? 'ignore' : 'inherit', quiet ? 'ignore' : 'inherit'],
      shell: process.platform === 'win32' && command === 'npm',
    });
    let output = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      console.error(`${command} was ended after ${minutes} minutes.`);
      child.kill();
      setTimeout(() => child.kill('SIGKILL'), 10_000).unref();
    }, minutes * 60_000);
    child.on('error', (error) => {
      clearTimeout(timer);
      if (!quiet) console.error(`${command} could not be started: ${error.message}`);
      resolve({ status: 127, output });
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
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
