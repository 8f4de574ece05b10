import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BagsslError } from '../../src/base/errors.ts';
import { type PatchBatch, type PatchJob, runJob } from '../../src/patches/job.ts';
import { Kernels } from '../../src/patches/kernels.ts';
import type { PatchWorker } from '../../src/patches/patch-worker.ts';
import { PatchPool } from '../../src/patches/pool.ts';
import { batchHash, FIXTURE_HASH, fixtureJob } from './batch-fixture.ts';

const code = (wanted: string) => (error: unknown) => (error as BagsslError).code === wanted;
const slow = (): PatchJob => ({ ...fixtureJob(), source: { kind: 'augmented', seed: 1, epoch: 0, views: 4000 } });
/** The pool's own workers, to be killed. */
const workersOf = (pool: PatchPool) => Reflect.get(pool, 'running') as readonly PatchWorker[];

test('the fixture batch has its committed hash in the calling thread', async () => {
  assert.equal(batchHash(runJob(await Kernels.load(), fixtureJob())), FIXTURE_HASH);
});

for (const workers of [0, 1, 2, 3, 8]) {
  test(`the same bits with ${workers} workers`, async () => {
    await using pool = await PatchPool.create({ workers });
    assert.equal(pool.workers, workers);
    const batches = await Promise.all(Array.from({ length: 6 }, () => pool.cut(fixtureJob())));
    for (const batch of batches) {
      assert.equal(batchHash(batch), FIXTURE_HASH);
      assert.deepEqual(batch.shape, [64, 3, 16, 16]);
      assert.deepEqual(batch.perImage, [16, 16, 16, 16]);
    }
  });
}

test('results go to their own callers, whatever the order of finishing', async () => {
  await using pool = await PatchPool.create({ workers: 2 });
  const jobs = [40, 1, 7, 3, 20, 2].map((views) => ({
    ...fixtureJob(),
    source: { kind: 'augmented' as const, seed: views, epoch: 0, views },
  }));
  const kernels = await Kernels.load();
  const batches = await Promise.all(jobs.map((job) => pool.cut(job)));
  batches.forEach((batch, i) => {
    assert.equal(batchHash(batch), batchHash(runJob(kernels, jobs[i])));
  });
});

test('a killed worker is replaced and its batch is the same', async () => {
  await using pool = await PatchPool.create({ workers: 2 });
  const expected = batchHash(runJob(await Kernels.load(), slow()));
  const pending = [pool.cut(slow()), pool.cut(slow()), pool.cut(fixtureJob())];
  workersOf(pool)[0].fail(new Error('killed by the test'));
  const [a, b, c] = await Promise.all(pending);
  assert.equal(batchHash(a), expected);
  assert.equal(batchHash(b), expected);
  assert.equal(batchHash(c), FIXTURE_HASH);
  // Also one that dies while idle.
  for (const worker of workersOf(pool)) worker.fail('killed while idle');
  assert.equal(batchHash(await pool.cut(fixtureJob())), FIXTURE_HASH);
});

const dying = (body: string) =>
  new URL(
    `data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';
  parentPort.on('message', ({ id, path }) => {
    if (path[0] === 'ready') parentPort.postMessage({ id, type: 'RAW', value: true });
    else { ${body} }
  });`)}`,
  );

for (const [how, body] of [
  ['throws', "throw new Error('out of luck')"],
  ['exits', 'process.exit(3)'],
] as const) {
  test(`a worker that ${how} over a batch twice rejects it`, async () => {
    await using pool = await PatchPool.create({ workers: 1, workerUrl: dying(body) });
    await assert.rejects(pool.cut(fixtureJob()), (error: BagsslError) => {
      assert.equal(error.code, 'worker-failed');
      assert.match(error.message, how === 'exits' ? /code 3/ : /out of luck/);
      return true;
    });
  });
}

test('a worker that cannot be loaded is an error that names the cause', async () => {
  const workerUrl = new URL('./no-such.worker.js', import.meta.url);
  await assert.rejects(PatchPool.create({ workers: 2, workerUrl }), code('worker-failed'));
  await assert.rejects(PatchPool.create({ workers: -1 }), code('bad-argument'));
});

test('abort rejects immediately, waiting or running, and leaves the pool usable', async () => {
  await using pool = await PatchPool.create({ workers: 1 });
  const controller = new AbortController();
  const { signal } = controller;
  const running = pool.cut(slow(), { signal });
  const waiting = pool.cut(fixtureJob(), { signal });
  const other = pool.cut(fixtureJob());
  controller.abort();
  await assert.rejects(running, code('aborted'));
  await assert.rejects(waiting, code('aborted'));
  await assert.rejects(pool.cut(fixtureJob(), { signal }), code('aborted'));
  assert.equal(batchHash(await other), FIXTURE_HASH);
});

const jobs = (count: number) =>
  Array.from({ length: count }, (_, seed): PatchJob => {
    const { images, ...job } = fixtureJob();
    const source = { kind: 'augmented', seed, epoch: 0, views: 1 + (seed % 5) } as const;
    return { ...job, source, images: images.map((image) => ({ ...image, keep: true })) };
  });

test('a stream gives batches in the order of its jobs, whatever is kept, shared or killed', async () => {
  const kernels = await Kernels.load();
  const expected = jobs(24).map((job) => batchHash(runJob(kernels, job)));
  for (const keepBytes of [0, 20_000, undefined]) {
    await using pool = await PatchPool.create({ workers: 2, keepBytes });
    const found: string[] = [];
    for await (const batch of pool.stream(jobs(24))) {
      if (found.length === 9) workersOf(pool)[1].fail(new Error('killed by the test'));
      found.push(batchHash(batch));
    }
    assert.deepEqual(found, expected);
  }
});

test('a stream asks for no more jobs than it may be ahead, and drops them when it is left', async () => {
  await using pool = await PatchPool.create({ workers: 2 });
  let asked = 0;
  let closed = false;
  async function* source() {
    try {
      for (const job of jobs(50)) {
        asked++;
        yield job;
      }
    } finally {
      closed = true;
    }
  }
  let taken = 0;
  for await (const batch of pool.stream(source(), { ahead: 4 })) {
    assert.equal(batch.shape[0], batch.count);
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.ok(asked <= ++taken + 3, `${asked} asked, ${taken} taken`);
    if (taken === 10) break;
  }
  assert.ok(closed);
  assert.equal(batchHash(await pool.cut(fixtureJob())), FIXTURE_HASH);
  const controller = new AbortController();
  await assert.rejects(async () => {
    for await (const _ of pool.stream(source(), { signal: controller.signal })) controller.abort();
  }, code('aborted'));
  const broken = [...jobs(2), { ...fixtureJob(), images: [] }];
  const good: PatchBatch[] = [];
  await assert.rejects(async () => {
    for await (const batch of pool.stream(broken)) good.push(batch);
  }, /0 images/);
  assert.equal(good.length, 2);
});

test('patches go where they are wanted: into shared memory in place, into other memory by a copy', async () => {
  const floats = 64 * 3 * 16 * 16;
  for (const workers of [0, 2]) {
    await using pool = await PatchPool.create({ workers });
    for (const buffer of [new SharedArrayBuffer((floats + 7) * 4), new ArrayBuffer((floats + 7) * 4)]) {
      const into = new Float32Array(buffer, 8).fill(-7);
      const batch = await pool.cut(fixtureJob(), { into });
      assert.equal(batch.data.buffer, buffer);
      assert.equal(batchHash(batch), FIXTURE_HASH);
      assert.ok(into.subarray(floats).every((v) => v === -7));
    }
    const short = new Float32Array(new SharedArrayBuffer(40));
    await assert.rejects(pool.cut(fixtureJob(), { into: short }), /into holds 10 floats; 64 patches need 49152/);
  }
});

test('dispose rejects what is left', async () => {
  const pool = await PatchPool.create({ workers: 1 });
  const left = [pool.cut(slow()), pool.cut(fixtureJob())].map((cut) => assert.rejects(cut, code('disposed')));
  await pool.dispose();
  await Promise.all(left);
  await assert.rejects(pool.cut(fixtureJob()), code('disposed'));
  await pool.dispose();
});

test('bad jobs are refused with their value, with and without workers', async () => {
  for (const workers of [0, 1]) {
    await using pool = await PatchPool.create({ workers });
    const job = fixtureJob();
    await assert.rejects(pool.cut({ ...job, images: [] }), /0 images/);
    await assert.rejects(pool.cut({ ...job, recipe: { ...job.recipe, flip: 1.2 } }), /flip must .*, got 1\.2/);
    const placed = { kind: 'placed', placement: { kind: 'grid', across: 0 } } as const;
    await assert.rejects(pool.cut({ ...job, source: placed }), code('bad-argument'));
    const [{ id, pixels }] = job.images;
    const short = { ...pixels, data: pixels.data.subarray(1) };
    await assert.rejects(pool.cut({ ...job, images: [{ id, pixels: short }] }), /3071 bytes/);
  }
});

test('a small view of a large buffer does not take the buffer along, and stays the caller’s', async () => {
  await using pool = await PatchPool.create({ workers: 1 });
  const job = fixtureJob();
  const large = new Uint8Array(1000 + 3072);
  large.set(job.images[0].pixels.data, 500);
  const pixels = { ...job.images[0].pixels, data: large.subarray(500, 500 + 3072) };
  await pool.cut({ ...job, images: [{ id: 0, pixels }] });
  assert.equal(pixels.data.length, 3072);
  assert.deepEqual(pixels.data, job.images[0].pixels.data);
});
