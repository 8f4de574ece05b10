// npm test: installs what is missing, checks types and style, builds, and runs every test on every platform.
//
//   npm test                                everything
//   npm test -- --only node                 one runner: check, node, browser or deno; may be given several times
//   npm test -- --only node graph patches   only the test files whose path has one of these words
//   npm test -- --no-build                  keeps dist/ as it is (the workers are taken from there)
//
// Where a test goes:
//   test/browser/*.test.ts      Chromium, with WebGPU on SwiftShader, cross-origin isolated
//   test/deno/*.test.ts         Deno, with WebGPU on lavapipe where it is installed
//   test/everywhere/*.test.ts   Node, Chromium and Deno
//   test/**/*.test.ts           all others: Node
//
// Every test is written with node:test (describe, it, the hooks, skip) and node:assert/strict; in browsers and Deno
// scripts/lib/portable-*.mjs stand in for them. A test has 2 minutes in browsers and Deno unless its options give another
// `timeout`. A test that cannot run where it is skips and says why: it(name, { skip: 'no WebGPU adapter' }, ...).
// Tests are bundled into build/test/<runner>/, side by side with the built workers, and run in the top folder.
//
// The last line counts the tests of all runners: "N passed, N failed, N skipped". The exit code is 1 when any failed.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { install } from './lib/install.mjs';
import { node } from './lib/run.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { resolve } = createRequire(import.meta.url);

const RUNNERS = ['check', 'node', 'browser', 'deno'];
const { only, build, words } = readArguments();
const counts = { passed: 0, failed: 0, skipped: 0 };
const times = [];

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { only: { type: 'string', multiple: true }, 'no-build': { type: 'boolean', default: false } },
    });
    for (const name of values.only ?? []) {
      if (!RUNNERS.includes(name)) throw new Error(`--only ${name}: there are ${RUNNERS.join(', ')}.`);
    }
    return { only: values.only ?? [...RUNNERS], build: !values['no-build'], words: positionals };
  } catch (error) {
    console.error(`${error.message}\nUsage: npm test -- [--only check|node|browser|deno] [--no-build] [word ...]`);
    process.exit(2);
  }
}

/** One stage, timed. When it throws, that counts as a failed test, and the stages after it still run. */
async function stage(name, run) {
  console.log(`\n── ${name} ──`);
  const start = performance.now();
  let sound = true;
  try {
    await run();
  } catch (error) {
    console.error(error?.message ?? error);
    counts.failed++;
    sound = false;
  }
  times.push(`${name} ${((performance.now() - start) / 1000).toFixed(1)} s`);
  return sound;
}

/** A tool that passes or fails as a whole counts as one test. */
async function tool(name, file, ...args) {
  const { status } = await node([file, ...args], { minutes: 5 });
  counts[status === 0 ? 'passed' : 'failed']++;
  console.log(`${status === 0 ? '✔' : '✖'} ${name}`);
}

/** The test files of a runner, by their place, that the words on the command line ask for. */
function testFiles(runner) {
  const all = readdirSync('test', { recursive: true }).map((file) => join('test', file).replaceAll('\\', '/'));
  const place = (file) => file.match(/^test\/(browser|deno|everywhere)\//)?.[1] ?? 'node';
  return all
    .filter((file) => file.endsWith('.test.ts') && [runner, 'everywhere'].includes(place(file)))
    .filter((file) => words.length === 0 || words.some((word) => file.includes(word)))
    .sort();
}

/**
 * Bundles the tests of one runner and runs them. `start` gets the folder of the bundles and a file to which it has a line
 * of JSON written for each test; a runner that fails without a failed test has broken down, and counts as one.
 */
async function suite(runner, start) {
  const files = testFiles(runner);
  if (files.length === 0) return console.log('No tests.');
  const { bundleTests } = await import('./lib/bundle-tests.mjs');
  const { outdir, broken } = await bundleTests(runner, files);
  for (const file of broken) console.log(`✖ ${file} cannot be bundled`);
  counts.failed += broken.length;
  if (broken.length === files.length) return;

  const results = join('build/test', `${runner}.jsonl`);
  rmSync(results, { force: true });
  const bundles = readdirSync(outdir).filter((name) => name.endsWith('.test.js'));
  const { status } = await start(
    bundles.map((name) => join(outdir, name)),
    results,
  );
  const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n').filter(Boolean) : [];
  const states = lines.map((line) => JSON.parse(line).state);
  for (const state of states) counts[state]++;
  if (status !== 0 && !states.includes('failed')) throw new Error(`The ${runner} tests broke down (exit ${status}).`);
  if (states.length === 0) throw new Error(`The ${runner} tests ended without a result.`);
}

const runners = {
  async check() {
    const tsc = resolve('typescript/bin/tsc');
    await tool('types', tsc, '--noEmit');
    await tool('types of the kernels', tsc, '-p', 'assembly', '--noEmit');
    await tool('documentation', 'node_modules/typedoc/bin/typedoc', '--emit', 'none');
    await tool('style', resolve('@biomejs/biome/bin/biome'), 'check', '.');
  },
  async node() {
    if (testFiles('node').some((file) => file.startsWith('test/demo/'))) {
      const { buildDemo } = await import('./demo.mjs');
      await buildDemo();
    }
    await suite('node', (bundles, results) => {
      const reporters = [
        ['spec', 'stdout'],
        ['./scripts/lib/node-reporter.mjs', results],
      ].flatMap(([name, to]) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`]);
      // npm run test:fuzz and test:faults take longer than any other.
      const minutes = process.env.BAGSSL_FUZZ || process.env.BAGSSL_FAULTS ? 60 : 10;
      // Many files wait for a page or a process: two at a time take three quarters of the time on two cores, where Node runs one.
      const atOnce = Math.max(2, availableParallelism() - 1);
      return node(['--test', `--test-concurrency=${atOnce}`, ...reporters, ...bundles], { minutes });
    });
  },
  browser: () =>
    suite('browser', () => {
      return node(['node_modules/@web/test-runner/dist/bin.js', '--config', 'web-test-runner.config.mjs'], {
        minutes: 10,
      });
    }),
  async deno() {
    const { ensureLavapipe, lavapipeEnvironment } = await import('./lib/vulkan.mjs');
    if (process.platform === 'linux' && !(await ensureLavapipe())) {
      console.log(
        'Without lavapipe (Debian: apt-get install mesa-vulkan-drivers), tests that need WebGPU may be skipped.',
      );
    }
    await suite('deno', (bundles, results) => {
      const env = { ...lavapipeEnvironment(), BAGSSL_TEST_RESULTS: results, DENO_NO_UPDATE_CHECK: '1' };
      const deno = join(resolve('deno/package.json'), '../bin.cjs');
      return node([deno, 'test', '--allow-all', '--no-check', '--no-lock', ...bundles], { minutes: 10, env });
    });
  },
};

mkdirSync('build/test', { recursive: true });
let ready = await stage('install', () => install(root));
if (ready && only.includes('browser')) {
  const { ensureChromium } = await import('./lib/chromium.mjs');
  const found = await stage('find Chromium', async () => {
    process.env.CHROME_PATH = await ensureChromium();
    console.log(process.env.CHROME_PATH);
  });
  if (!found) only.splice(only.indexOf('browser'), 1);
}
if (ready && build) {
  ready = await stage('build', async () => {
    const { status } = await node(['scripts/build.mjs'], { minutes: 5 });
    if (status !== 0) throw new Error('The build failed.');
  });
}
if (ready) {
  for (const name of RUNNERS.filter((one) => only.includes(one))) await stage(`${name} tests`, runners[name]);
}

console.log(`\n${times.join(', ')}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
