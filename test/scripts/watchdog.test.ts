import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';

const HANGS = `
import { describe, it } from 'node:test';
describe('a suite', () => {
  it('ends', () => {});
  it('never ends', () => new Promise(() => setInterval(() => {}, 1000)));
});`;
const FAILS = `
import { it } from 'node:test';
it('is slow', () => new Promise((resolve) => setTimeout(resolve, 1100)));
it('fails', () => { throw new Error('on purpose'); });`;

it('npm test stops when no test ends any more, names the one that hangs, the slow and the failed', () => {
  mkdirSync('build', { recursive: true });
  const folder = mkdtempSync(join('build', 'watchdog-'));
  try {
    writeFileSync(join(folder, 'hangs.test.ts'), HANGS);
    writeFileSync(join(folder, 'fails.test.ts'), FAILS);
    // Node would take the runner for a test of this one.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['scripts/test.mjs', '--only', 'node', '--no-build', '--folder', folder, '--stall', '0.17'],
      { encoding: 'utf8', env, timeout: 100_000 },
    );
    const said = `${stdout}\n${stderr}`;
    assert.equal(status, 1, said);
    assert.match(
      said,
      /for 0\.17 minutes none of them started or ended\. Running were:\n.*hangs\.test\.ts > never ends\n/,
    );
    assert.match(said, /Slowest tests:\n +\d\.\d s {2}.*fails\.test\.ts > is slow \(node\)\n/);
    assert.match(said, /Failed:\n(.*\n)* {2}.*fails\.test\.ts > fails\n/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
