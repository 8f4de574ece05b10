// npm test: installs what is missing, checks types and style, builds, and runs every test on every platform.
//
//   npm test                                everything
//   npm test -- --only node                 one runner: check, node, browser or deno; may be given several times
//   npm test -- --only node graph patches   only the test files whose path has one of these words
//   npm test -- --no-build                  keeps dist/ as it is (the workers are taken from there)
//   npm test -- --stall 20                  waits 20 minutes for a test before it stops the runner; default 10
//
// Where a test goes:
//   test/browser/*.test.ts      Chromium, with WebGPU on SwiftShader, cross-origin isolated
//   test/deno/*.test.ts         Deno, with WebGPU on lavapipe where it is installed
//   test/everywhere/*.test.ts   Node, Chromium and Deno
//   test/**/*.test.ts           all others: Node
//
// Every test is written with node:test (describe, it, the hooks, skip) and node:assert/strict; in browsers and Deno
// scripts/lib/portable-*.mjs stand in for them. A test has 5 minutes in browsers and Deno unless its options give another
// `timeout`. A test that cannot run where it is skips and says why: it(name, { skip: 'no WebGPU adapter' }, ...).
// Tests are bundled into build/test/<runner>/, side by side with the built workers, and run in the top folder.
//
// However long it takes, a runner may go on while its tests start and end. When none does so for some minutes, it is stopped, and
// the tests that were running are named. The end lists the slowest tests and those that failed. The last line counts the tests
// of all runners: "N passed, N failed, N skipped". The exit code is 1 when any failed.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join, resolve as resolvePath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { install } from './lib/install.mjs';
import { node } from './lib/run.mjs';
import { LATE_TIERING } from './lib/v8-flags.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { resolve } = createRequire(import.meta.url);

const RUNNERS = ['check', 'node', 'browser', 'deno'];
const { only, build, words, folder, stall } = readArguments();
const out = folder === 'test' ? 'build/test' : join(folder, 'build');
const counts = { passed: 0, failed: 0, skipped: 0 };
const times = [];
/** Every test that ran. */
const tests = [];
/** What failed, a line each. */
const failures = [];

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        only: { type: 'string', multiple: true },
        'no-build': { type: 'boolean', default: false },
        // npm run test:fuzz and test:faults have tests that take longer than any other.
        stall: { type: 'string', default: process.env.BAGSSL_FUZZ || process.env.BAGSSL_FAULTS ? '60' : '10' },
        folder: { type: 'string', default: 'test' }, // where the tests are: this script's own test gives another
      },
    });
    for (const name of values.only ?? []) {
      if (!RUNNERS.includes(name)) throw new Error(`--only ${name}: there are ${RUNNERS.join(', ')}.`);
    }
    if (!(Number(values.stall) > 0)) throw new Error(`--stall takes minutes, above 0, got "${values.stall}".`);
    return {
      only: values.only ?? [...RUNNERS],
      build: !values['no-build'],
      words: positionals,
      folder: values.folder,
      stall: Number(values.stall),
    };
  } catch (error) {
    console.error(
      `${error.message}\nUsage: npm test -- [--only check|node|browser|deno] [--no-build] [--stall MINUTES] [word ...]`,
    );
    process.exit(2);
  }
}

/** One stage, timed. When it throws, that counts as a failed test, and the stages after it still run. */
async function stage(name, run, options) {
  console.log(`\n── ${name} ──`);
  const start = performance.now();
  let sound = true;
  try {
    await run(options);
  } catch (error) {
    const message = error?.message ?? String(error);
    console.error(message);
    counts.failed++;
    failures.push(`${name}: ${message}`);
    sound = false;
  }
  times.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return sound;
}

/** A tool that passes or fails as a whole counts as one test. */
async function tool(name, file, ...args) {
  const { status } = await node([file, ...args], { minutes: 10, held: true });
  counts[status === 0 ? 'passed' : 'failed']++;
  if (status !== 0) failures.push(name);
  console.log(`${status === 0 ? '✔' : '✖'} ${name}`);
}

/** The test files of a runner, by their place, that the words on the command line ask for. */
function testFiles(runner) {
  const all = readdirSync(folder, { recursive: true }).map((file) => join(folder, file).replaceAll('\\', '/'));
  const place = (file) => file.match(/^test\/(browser|deno|everywhere)\//)?.[1] ?? 'node';
  return all
    .filter((file) => file.endsWith('.test.ts') && [runner, 'everywhere'].includes(place(file)))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

/**
 * Bundles the tests of one runner and runs them. `start` gets the bundles and options for `run`, whose `watch` names the file that
 * the runner writes its results to (scripts/lib/results.mjs). A runner that fails without a failed test has broken down, and
 * counts as one.
 */
async function suite(runner, start, held = false) {
  const files = testFiles(runner);
  if (files.length === 0) return console.log('No tests.');
  const { bundleTests } = await import('./lib/bundle-tests.mjs');
  const { readResults } = await import('./lib/results.mjs');
  const outdir = join(out, runner);
  const { sources, broken } = await bundleTests(runner, files, outdir);
  for (const file of broken) console.log(`✖ ${file} cannot be bundled`);
  failures.push(...broken.map((file) => `${file} cannot be bundled`));
  counts.failed += broken.length;
  if (broken.length === files.length) return;

  const watch = join(out, `${runner}.jsonl`);
  rmSync(watch, { force: true });
  const bundles = readdirSync(outdir).filter((name) => name.endsWith('.test.js'));
  const { status } = await start(
    bundles.map((name) => join(outdir, name)),
    { watch, held, minutes: stall, env: { BAGSSL_TEST_RESULTS: resolvePath(watch) } },
  );
  const { tests: ended, running } = readResults(watch, sources);
  for (const { state } of ended) counts[state]++;
  tests.push(...ended.map((test) => ({ ...test, runner })));
  const failed = ended.filter(({ state }) => state === 'failed');
  failures.push(...failed.map(({ title }) => title));
  if (status === 124) {
    throw new Error(
      `The ${runner} tests were stopped: for ${stall} minutes none of them started or ended. Running were:\n${running.map((title) => `  ${title}`).join('\n')}`,
    );
  }
  if (status !== 0 && failed.length === 0) throw new Error(`The ${runner} tests broke down (exit ${status}).`);
  if (ended.length === 0) throw new Error(`The ${runner} tests ended without a result.`);
}

const runners = {
  async check() {
    const tsc = resolve('typescript/bin/tsc');
    await Promise.all([
      tool('types', tsc, '--noEmit'),
      tool('types of the kernels', tsc, '-p', 'assembly', '--noEmit'),
      tool('documentation', 'node_modules/typedoc/bin/typedoc', '--emit', 'none'),
      tool('style', resolve('@biomejs/biome/bin/biome'), 'check', '.'),
    ]);
  },
  async node() {
    if (testFiles('node').some((file) => file.startsWith('test/demo/'))) {
      const { buildDemo } = await import('./demo.mjs');
      await buildDemo();
    }
    await suite('node', (bundles, options) => {
      const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'].concat(
        '--test-reporter=./scripts/lib/node-reporter.mjs',
        '--test-reporter-destination=stderr',
      );
      // Many files wait for a page or a process, so one more file than there are cores keeps the cores busy.
      const atOnce = availableParallelism() + 1;
      // By its full address: tests that change the folder start threads, which import it too.
      const progress = new URL('./lib/node-progress.mjs', import.meta.url).href;
      const test = ['--import', progress, '--test', `--test-concurrency=${atOnce}`];
      return node([...test, ...reporters, ...bundles], options);
    });
  },
  browser: ({ held } = {}) =>
    suite(
      'browser',
      (_, options) =>
        node(['node_modules/@web/test-runner/dist/bin.js', '--config', 'web-test-runner.config.mjs'], options),
      held,
    ),
  async deno({ held } = {}) {
    const { ensureLavapipe, lavapipeEnvironment, QUICK_COMPILING } = await import('./lib/vulkan.mjs');
    if (process.platform === 'linux' && !(await ensureLavapipe())) {
      console.log(
        'Without lavapipe (Debian: apt-get install mesa-vulkan-drivers), tests that need WebGPU may be skipped.',
      );
    }
    const start = (bundles, options) => {
      const env = { ...options.env, ...lavapipeEnvironment(), ...QUICK_COMPILING, DENO_NO_UPDATE_CHECK: '1' };
      const deno = join(resolve('deno/package.json'), '../bin.cjs');
      const flags = ['--allow-all', '--no-check', '--no-lock', `--v8-flags=${LATE_TIERING}`];
      return node([deno, 'test', ...flags, ...bundles], { ...options, env });
    };
    await suite('deno', start, held);
  },
};

async function findChromium() {
  const { ensureChromium } = await import('./lib/chromium.mjs');
  process.env.CHROME_PATH = await ensureChromium();
  console.log(process.env.CHROME_PATH);
}

mkdirSync(out, { recursive: true });
// apt-get and npm wait for the network and the disk, so they do so side by side.
const chromium = only.includes('browser') ? stage('find Chromium', findChromium) : undefined;
let ready = await stage('install', () => install(root));
if (ready && build) {
  ready = await stage('build', async () => {
    const { status } = await node(['scripts/build.mjs'], { minutes: 5 });
    if (status !== 0) throw new Error('The build failed.');
  });
}
if ((await chromium) === false) only.splice(only.indexOf('browser'), 1);
if (ready) {
  const asked = (...names) => names.filter((name) => only.includes(name));
  const inTurn = async (names, options) => {
    for (const name of names) await stage(`${name} tests`, runners[name], options);
  };
  // Tests wait for pages, devices and processes, so no runner keeps two cores busy: side by side they take three quarters of the time.
  const [first, second] = [asked('node'), asked('check', 'browser', 'deno')];
  await Promise.all([inTurn(first), inTurn(second, { held: first.length > 0 })]);
}

const slow = tests.filter(({ ms }) => ms >= 1000).sort((a, b) => b.ms - a.ms);
if (slow.length > 0) {
  console.log('\nSlowest tests:');
  for (const { ms, runner, title } of slow.slice(0, 10)) {
    console.log(`${(ms / 1000).toFixed(1).padStart(7)} s  ${title} (${runner})`);
  }
}
if (failures.length > 0) console.log(`\nFailed:\n${failures.map((failure) => `  ${failure}`).join('\n')}`);
console.log(`\n${times.join(', ')}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
