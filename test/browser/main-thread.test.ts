import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PatchJob } from '../../src/patches/job.ts';
import { PatchPool } from '../../src/patches/pool.ts';
import { presets } from '../../src/patches/presets.ts';
import { generatedPixels } from '../patches/batch-fixture.ts';

const STEPS = 20;

/** Batches of 40 photographs of 224×224, 10 views each, as training asks for them. */
function* jobs(): Generator<PatchJob, void, void> {
  const photos = Array.from({ length: 80 }, (_, id) => generatedPixels(id, 224, 224, 'rgba'));
  for (let step = 0; step < STEPS; step++) {
    const ids = Array.from({ length: 40 }, (_, k) => (step * 40 + k) % photos.length);
    yield {
      recipe: { ...presets.empSsl, size: 16 },
      images: ids.map((id) => ({ id, pixels: photos[id], keep: true })),
      source: { kind: 'augmented', seed: 1, epoch: step, views: 10 },
    };
  }
}

describe('a page whose patches are cut by workers', () => {
  it('keeps its main thread free: no long task, under 10 ms a step', async (context) => {
    const pool = await PatchPool.create({ workers: 2 });
    const work = [...jobs()];
    const long: number[] = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
    await new Promise((resolve) => setTimeout(resolve, 100));
    observer.observe({ type: 'longtask' });
    try {
      const times: number[] = [];
      for (const job of work) {
        // A worker is idle: all that is done for the batch in this thread is done when the call returns.
        const started = performance.now();
        const batch = pool.cut(job);
        times.push(performance.now() - started);
        await batch;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      times.sort((a, b) => a - b);
      context.diagnostic(`${times[STEPS >> 1].toFixed(2)} ms, at most ${times[STEPS - 1].toFixed(2)} ms`);
      assert.ok(times[STEPS >> 1] < 10, `${times}`);
      assert.deepEqual(long, []);
    } finally {
      observer.disconnect();
      await pool.dispose();
    }
  });
});
