import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BagsslError } from '../../src/index.ts';
import { PatchPool } from '../../src/patches/pool.ts';
import { fixtureJob } from './batch-fixture.ts';

const folder = await mkdtemp(join(tmpdir(), 'bagssl-hang-'));
after(() => rm(folder, { recursive: true }));
const flag = join(folder, 'hang');

/** The built worker, which hangs at its next message while the file `hang` is there; unless it is to stay, it goes. */
async function worker(stays: boolean): Promise<URL> {
  const file = join(folder, `worker-${stays}.mjs`);
  await writeFile(
    file,
    `import ${JSON.stringify(new URL('./patches.worker.js', import.meta.url).href)};
import { existsSync, rmSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
const flag = ${JSON.stringify(flag)};
parentPort.on('message', () => {
  if (!existsSync(flag)) return;
  ${stays ? '' : 'rmSync(flag);'}
  for (;;);
});`,
  );
  return pathToFileURL(file);
}

test('a worker that hangs is replaced, and its batch is the same', async () => {
  await using pool = await PatchPool.create({ workers: 1, patience: 1, workerUrl: await worker(false) });
  const expected = await pool.cut(fixtureJob());
  await writeFile(flag, '');
  const started = performance.now();
  assert.deepEqual((await pool.cut(fixtureJob())).data, expected.data);
  assert.equal(existsSync(flag), false);
  assert.ok(performance.now() - started > 900);
});

test('a batch over which every worker hangs is given back as a failure', async () => {
  await using pool = await PatchPool.create({ workers: 1, patience: 0.5, workerUrl: await worker(true) });
  await pool.cut(fixtureJob());
  await writeFile(flag, '');
  await assert.rejects(
    pool.cut(fixtureJob()),
    (error: Error) =>
      error instanceof BagsslError &&
      error.code === 'worker-failed' &&
      /not answered within 3 seconds/.test(error.message),
  );
});
