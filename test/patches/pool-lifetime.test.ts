import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PatchPool } from '../../src/patches/pool.ts';
import { fixtureJob } from './batch-fixture.ts';

if (process.argv[2] === 'child') {
  const pool = await PatchPool.create({ workers: 2 });
  const source = { kind: 'augmented', seed: 1, epoch: 0, views: 4000 } as const;
  pool.cut({ ...fixtureJob(), source }).then(({ count }) => console.log('cut', count));
} else {
  test('a pool that is never disposed does not keep the process alive, but a batch in progress does', () => {
    const self = fileURLToPath(import.meta.url);
    const child = spawnSync(process.execPath, [self, 'child'], { timeout: 240_000, encoding: 'utf8' });
    assert.equal(child.status, 0, child.stderr);
    assert.equal(child.stdout.trim(), 'cut 16000');
  });
}
