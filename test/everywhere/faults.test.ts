import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { Stream } from '../../src/base/random.ts';
import { browserStore } from '../../src/index.ts';
import { onServer } from '../../src/runtime/device.ts';
import { findAdapter } from '../../src/runtime.ts';
import { memoryStore, type RunStore } from '../../src/train.ts';
import { FAULTS, gpuLost, type Place, STEPS } from '../faults/faults.ts';
import { session } from '../faults/session.ts';
import { SHORT_RUN } from '../support/short-training.ts';

/** How many; `npm run test:faults` causes a hundred on each platform. */
declare const BAGSSL_FAULTS: { readonly count: number; readonly seed: number };
const { count, seed } = BAGSSL_FAULTS;
/** A run of a second, its fault and what that costs, on a machine with other work: longer would be a hang. */
const LONGEST_MS = 60_000;

const places: (() => Promise<void>)[] = [];
after(async () => {
  for (const leave of places) await leave();
});

const script = (url: string) =>
  `import ${JSON.stringify(url)};\nnew BroadcastChannel('bagssl-hang').onmessage = () => {\n  for (;;);\n};\n`;

/** A folder of files on a server, OPFS in a page. */
async function openPlace(): Promise<Place> {
  const worker = new URL('./patches.worker.js', import.meta.url).href;
  let stores = 0;
  if (!onServer()) {
    return {
      async store() {
        const store = browserStore(`faults-${stores++}`);
        for (const blob of await store.list()) await store.remove(blob);
        return store;
      },
      hangingWorker: async () => URL.createObjectURL(new Blob([script(worker)], { type: 'text/javascript' })),
    };
  }
  const [{ mkdtemp, rm, writeFile }, { tmpdir }, { join }, { pathToFileURL }, { folderStore }] = await Promise.all([
    import('node:fs/promises'),
    import('node:os'),
    import('node:path'),
    import('node:url'),
    import('../../src/node.ts'),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'bagssl-faults-'));
  places.push(() => rm(folder, { recursive: true }));
  const file = join(folder, 'hanging.mjs');
  await writeFile(file, script(worker));
  return {
    store: async (): Promise<RunStore> => folderStore(join(folder, `run-${stores++}`)),
    hangingWorker: async () => pathToFileURL(file),
  };
}

describe('faults at random times', () => {
  it(`${count} of them: every run comes to its end, no more is lost than the interval, no bit is changed that need not be`, {
    timeout: 900_000,
  }, async () => {
    const rejections: unknown[] = [];
    const unhandled = (event: Event) => rejections.push((event as PromiseRejectionEvent).reason);
    globalThis.addEventListener?.('unhandledrejection', unhandled);
    const place = await openPlace();
    const { end: expected } = await session(memoryStore(), { config: { ...SHORT_RUN, budget: { steps: STEPS } } });
    const names = Object.keys(FAULTS);
    const first = new Stream(seed, 'first').below(names.length);
    const hasGpu = !('none' in (await findAdapter()));
    const unseen: string[] = [];
    const total = { faults: 0, right: 0, seen: 0, stepsLost: 0, changed: 0, slowestMs: 0 };
    const failures: string[] = [];
    for (let k = 0; k < count; k++) {
      // Compiling for a software adapter takes seconds.
      const gpu = hasGpu && k % 16 === 15;
      const name = gpu ? 'GPU lost' : names[(first + k) % names.length];
      const started = performance.now();
      try {
        const { end, steps, seen, same } = await (gpu ? gpuLost : FAULTS[name])(new Stream(seed, name, k), place);
        total.faults++;
        if (seen) total.seen++;
        else unseen.push(name);
        total.stepsLost += Math.max(0, steps - STEPS);
        assert.ok(end, 'the run did not come to its end');
        assert.ok(
          Object.values(end.state).every((data) => data.every(Number.isFinite)),
          'its state is not finite',
        );
        const changed = !sameBits(end.state, expected!.state);
        if (changed && same) total.changed++;
        assert.ok(!changed || !same, 'its bits are not the undisturbed run’s');
        total.right++;
      } catch (error) {
        failures.push(`${name} (${k}): ${(error as Error).stack ?? error}`);
      }
      const ms = performance.now() - started;
      total.slowestMs = Math.max(total.slowestMs, Math.round(ms));
    }
    globalThis.removeEventListener?.('unhandledrejection', unhandled);
    console.log(`FAULTS ${JSON.stringify({ ...total, unhandled: rejections.length, unseen })}`);
    assert.deepEqual(failures, []);
    assert.deepEqual(rejections, []);
    assert.ok(total.seen >= 0.8 * count, `only ${total.seen} of ${count} faults showed themselves`);
    assert.ok(total.slowestMs < LONGEST_MS, `a run took ${total.slowestMs} ms`);
  });
});

function sameBits(a: Readonly<Record<string, Float32Array>>, b: typeof a): boolean {
  return Object.keys(b).every((name) => a[name]?.every((value, i) => Object.is(value, b[name][i])));
}
