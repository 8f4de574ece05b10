// npm start: installs and builds what is missing, trains on the built-in scenes for two minutes, evaluates, and writes a
// report. Plain Node 20: nothing need be installed beforehand.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { built } from './lib/built.mjs';
import { install } from './lib/install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const out = 'runs/quickstart';
const report = `${out}/report.html`;

let child;
let interrupted = false;
// Ctrl-C reaches the program at work by itself, which saves its run and says so; this script only waits for that. Without a
// terminal, signals are sent to this process alone and have to be passed on.
process.on('SIGINT', () => {
  interrupted = true;
  if (!process.stdin.isTTY) child?.kill('SIGINT');
});
process.on('SIGTERM', () => {
  interrupted = true;
  child?.kill('SIGTERM');
});

/** Runs a script with this Node to its end; where it fails, this script ends with the same exit code. */
async function node(...args) {
  const code = await new Promise((resolve) => {
    child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', (error) => {
      console.error(`${process.execPath} could not be started: ${error.message}`);
      resolve(127);
    });
    child.on('close', (status, signal) => resolve(status ?? 128 + (constants.signals[signal] ?? 0)));
  });
  child = undefined;
  if (code !== 0) process.exit(code);
  if (interrupted) process.exit(130);
}

const started = performance.now();
let last = started;
const times = [];
/** Notes how long a part took. */
function took(part) {
  const now = performance.now();
  times.push(`${part} ${Math.round((now - last) / 1000)} s`);
  last = now;
}

console.log('1/4  Dependencies');
try {
  await install(root);
} catch (error) {
  console.error(error.message);
  process.exit(interrupted ? 130 : 1);
}
took('install');

console.log('2/4  Build');
if (!built(root)) await node('scripts/build.mjs');
took('build');

console.log('3/4  Training on generated scenes, for two minutes');
await node('dist/cli.js', 'train', '--data', 'builtin', '--out', out, '--minutes', '2', '--overwrite');
took('training');

console.log('4/4  Evaluation: the trained encoder, the same one untrained, raw pixels');
await node('dist/cli.js', 'evaluate', '--model', out, '--data', 'builtin', '--report', report);
took('evaluation');

console.log(`\n${times.join(', ')}.`);
console.log(
  `Open ${pathToFileURL(report)} in a browser; then try your own pictures: npx bagssl train --data FOLDER --out runs/mine`,
);
