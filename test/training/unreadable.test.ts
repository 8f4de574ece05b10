import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Stream } from '../../src/base/random.ts';
import { BagsslError, fit } from '../../src/index.ts';
import type { PatchJob, PatchPool } from '../../src/patches.ts';
import { runConfig } from '../../src/train.ts';
import { Batches } from '../../src/training/batches.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const images = plainImages();
const BAD = [3, 17, 18];

/** The images, of which some cannot be read, each after a time of its own. */
const damaged = (bad: readonly number[], delay = (_: number) => 0) => ({
  ...images,
  async image(id: number) {
    if (delay(id)) await new Promise((resolve) => setTimeout(resolve, delay(id)));
    if (bad.includes(id)) throw new BagsslError('bad-data', `${id}.jpg: the file is empty.`);
    return images.image(id);
  },
});

describe('images that cannot be read', () => {
  it('are replaced by others that are not in their batch, the same whenever a step is repeated', async () => {
    const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    const pool = { stream: (jobs: unknown) => jobs } as unknown as PatchPool;
    const ids = async (step: number, bad: readonly number[]) => {
      const job = (await new Batches(damaged(bad), config, pool, step, 1).take()) as unknown as PatchJob;
      return job.images.map(({ id }) => id);
    };
    for (let step = 0; step < 8; step++) {
      const order = new Stream(config.seed, 'order', Math.floor(step / 2)).permutation(24);
      const expected = Array.from(order.slice((step % 2) * 12, (step % 2) * 12 + 12));
      assert.deepEqual(await ids(step, []), expected);
      const found = await ids(step, BAD);
      assert.equal(new Set(found).size, 12);
      found.forEach((id, k) => {
        assert.ok(!BAD.includes(id));
        if (!BAD.includes(expected[k])) assert.equal(id, expected[k]);
      });
      assert.deepEqual(await ids(step, BAD), found);
    }
    const most = Array.from({ length: 13 }, (_, id) => id);
    await assert.rejects(ids(0, most), {
      code: 'bad-data',
      message: /only 11 of its 24 images can be read, and a batch needs 12/,
    });
  });

  it('change nothing from run to run, nor when it is resumed, and are said once', async () => {
    const options = { config: { ...SHORT_RUN, budget: { steps: 8 } }, device: 'native', threads: 1 } as const;
    const said: string[] = [];
    const whole = fit({ ...options, data: damaged(BAD), workers: 1, onWarning: (message) => said.push(message) });
    for await (const _ of whole);
    const expected = await whole.checkpoint();
    await whole.dispose();
    assert.equal(said.length, 1);
    assert.match(said[0], /^An image cannot be read \(\d+\.jpg: the file is empty\.\) Another takes its place/);

    // Other images come first, and more of them ahead.
    const slow = damaged(BAD, (id) => (id * 7) % 5);
    const quiet = { ...options, data: slow, workers: 2, onWarning: () => {} };
    const first = fit(quiet);
    for await (const { step } of first) if (step === 3) break;
    const resume = await first.checkpoint();
    await first.dispose();
    const second = fit({ ...quiet, resume });
    for await (const _ of second);
    const { state, history } = await second.checkpoint();
    await second.dispose();
    assert.deepEqual({ state, history }, { state: expected.state, history: expected.history });
  });
});
