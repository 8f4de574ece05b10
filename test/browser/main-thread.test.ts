import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodedSet, type ImageSet } from '../../src/data.ts';
import { createEmbedder, fit, SearchIndex } from '../../src/index.ts';
import type { RunConfig } from '../../src/train.ts';
import { generatedPixels } from '../patches/batch-fixture.ts';
import { MODULES } from '../support/modules.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const STEPS = 16;
const size = 16;

/** Steps of about a tenth of a second each: in the page's own thread every one would be a long task. */
const run: Partial<RunConfig> = {
  ...SHORT_RUN,
  model: { ...SHORT_RUN.model!, encoder: { kind: 'conv', widths: [32, 32], strides: [1, 1], residual: false } },
  recipe: { ...SHORT_RUN.recipe!, size },
  images: 40,
  views: 4,
  budget: { steps: STEPS },
};

const photographs = Array.from({ length: 80 }, (_, id) => generatedPixels(id, 224, 224, 'rgba'));
const data: ImageSet = { name: 'photographs', length: 80, image: (index) => photographs[index] };

/**
 * Counts the milliseconds that this thread spends on messages from other threads: a listener before and one after each listener
 * frame what it does, the promises it resolves included.
 */
function workOnMessages(): { take(): number; stop(): void } {
  const { addEventListener } = EventTarget.prototype;
  let spent = 0;
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args) {
    const [type] = args;
    if (type !== 'message' || !(this instanceof MessagePort || this instanceof Worker)) {
      return addEventListener.apply(this, args);
    }
    let started = 0;
    addEventListener.call(this, type, () => {
      started = performance.now();
    });
    addEventListener.apply(this, args);
    addEventListener.call(this, type, () => {
      spent += performance.now() - started;
    });
  };
  return {
    take: () => {
      const taken = spent;
      spent = 0;
      return taken;
    },
    stop: () => {
      EventTarget.prototype.addEventListener = addEventListener;
    },
  };
}

/** JPEGs of 12 megapixels. */
async function photos(count: number): Promise<File[]> {
  const canvas = new OffscreenCanvas(4000, 3000);
  const context = canvas.getContext('2d')!;
  for (let k = 0; k < 400; k++) {
    context.fillStyle = `hsl(${k * 47} 80% ${20 + (k % 7) * 10}%)`;
    context.fillRect((k * 811) % 4000, (k * 577) % 3000, 300, 200);
  }
  const blob = await canvas.convertToBlob({ type: 'image/jpeg' });
  return Array.from({ length: count }, (_, k) => new File([blob], `${k}.jpg`, { type: 'image/jpeg' }));
}

describe('a page that indexes photos', () => {
  it('has no long task while embedder and decoders are in workers, from files and from a set', async (context) => {
    const files = await photos(6);
    await using embedder = await createEmbedder({
      device: 'wasm',
      threads: 1,
      workers: 1,
      background: true,
      modules: MODULES,
    });
    const index = new SearchIndex<number>(embedder.width);
    const long: number[] = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
    observer.observe({ type: 'longtask' });
    try {
      for await (const { index: id, vector } of embedder.bags(files)) index.add(id, vector);
      for await (const { index: id, vector } of embedder.bags(decodedSet('photos', files))) index.add(6 + id, vector);
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      observer.disconnect();
    }
    assert.equal(index.size, 12);
    assert.deepEqual(index.vector(11), index.vector(0));
    context.diagnostic(`long tasks: ${long}`);
    // Each photo would be one or more; other programs may take the processor away from a short task.
    assert.ok(long.length < 3, `${long}`);
  });
});

describe('a page that trains', () => {
  it('keeps its main thread free: under 10 ms of work a step, and steps that are no long tasks', async (context) => {
    const work = workOnMessages();
    const long: number[] = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
    await using training = fit({
      data,
      device: 'wasm',
      threads: 1,
      workers: 1,
      config: run,
      background: true,
      modules: MODULES,
    });
    try {
      await training.open();
      observer.observe({ type: 'longtask' });
      work.take();
      const times: number[] = [];
      const steps: number[] = [];
      for await (const { ms } of training) {
        times.push(work.take());
        steps.push(ms);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      times.sort((a, b) => a - b);
      steps.sort((a, b) => a - b);
      context.diagnostic(
        `${times[STEPS >> 1].toFixed(2)} ms, at most ${times[STEPS - 1].toFixed(2)} ms, of steps of ${steps[STEPS >> 1].toFixed(0)} ms; long tasks: ${long}`,
      );
      assert.ok(steps[STEPS >> 1] > 50, `steps of ${steps} ms could not show as long tasks`);
      assert.ok(times[STEPS >> 1] < 10, `${times}`);
      // Other programs may take the processor away from a short task; a training in this thread has a long one every step.
      assert.ok(long.length < STEPS / 4, `${long}`);
    } finally {
      observer.disconnect();
      work.stop();
    }
  });
});
