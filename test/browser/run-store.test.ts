import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError, browserStore, fit, openRun } from '../../src/index.ts';
import type { RunStore } from '../../src/train.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const busy = (error: unknown) => error instanceof BagsslError && error.code === 'run-busy';
const emptied = async (name: string): Promise<RunStore> => {
  const store = browserStore(name);
  for (const blob of await store.list()) await store.remove(blob);
  return store;
};
const options = { data: plainImages(), device: 'wasm', threads: 1, workers: 0, config: SHORT_RUN } as const;

describe("a run kept in the browser's private files", () => {
  it('resumes bit for bit after the page was hidden and the rest was lost', async () => {
    const whole = fit(options);
    for await (const _ of whole);
    const expected = await whole.checkpoint();
    await whole.dispose();

    const store = await emptied('goes-on');
    const run = await openRun(store);
    const first = fit(options);
    const steps = run.keep(first, { seconds: 1000 });
    for (let k = 1; k <= 9; k++) {
      assert.equal((await steps.next()).value!.step, k);
      if (k === 7) document.dispatchEvent(new Event('visibilitychange'));
    }
    // The page dies here: the loop is never left.
    await run.close();
    await first.dispose();
    const again = await openRun(browserStore('goes-on'));
    assert.equal(again.found!.position.step, 7);
    const second = fit({ ...options, resume: again.found });
    for await (const _ of again.keep(second));
    assert.deepEqual((await second.checkpoint()).state, expected.state);
    await second.dispose();
    await again.close();
    const last = await openRun(store);
    assert.deepEqual(last.found!.history, expected.history);
    await last.close();
  });

  it('falls back to the previous checkpoint if the newest is torn', async () => {
    const store = await emptied('torn');
    const training = fit(options);
    const run = await openRun(store);
    for await (const { step } of run.keep(training, { seconds: 0 })) if (step === 3) break;
    await run.close();
    await training.dispose();
    const json = (await store.read('run.json'))!;
    await store.write('run.json', json.subarray(0, json.length >> 1));
    const warnings: string[] = [];
    const again = await openRun(store, { onWarning: (message) => warnings.push(message) });
    assert.equal(again.found!.position.step, 2);
    assert.match(warnings.join(), /of step 2/);
    await again.close();
  });

  it('is held by one page at a time, and let go when its frame is closed', async () => {
    const store = browserStore('held');
    const run = await openRun(store);
    await assert.rejects(openRun(browserStore('held')), busy);
    await run.close();
    const frame = document.createElement('iframe');
    document.body.append(frame);
    await new Promise<void>((resolve) => {
      void frame.contentWindow!.navigator.locks.request('bagssl-held', () => {
        resolve();
        return new Promise(() => {});
      });
    });
    await assert.rejects(openRun(store), busy);
    frame.remove();
    let error: unknown = busy;
    for (let i = 0; error && i < 50; i++) {
      await new Promise((wait) => setTimeout(wait, 100));
      error = await openRun(store).then(
        (held) => held.close(),
        (reason) => reason,
      );
    }
    assert.equal(error, undefined);
  });
});
