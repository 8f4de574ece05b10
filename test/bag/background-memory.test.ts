import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createEmbedder } from '../../src/index.ts';
import { plainImages } from '../support/short-training.ts';

describe('an embedder in a worker', () => {
  it('keeps no image that it has embedded', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    await using embedder = await createEmbedder({ device: 'wasm', threads: 1, workers: 0, background: true });
    const set = plainImages(24, 40);
    const given: WeakRef<object>[] = [];
    async function* images() {
      for (let k = 0; k < set.length; k++) {
        const { data, ...image } = await set.image(k);
        const pixels = { ...image, data: new Uint8Array(data) };
        given.push(new WeakRef(pixels.data));
        yield pixels;
      }
    }
    let held = Number.POSITIVE_INFINITY;
    for await (const { index } of embedder.bags(images())) {
      if (index !== 15) continue;
      for (let k = 0; k < 3; k++) {
        await setImmediate();
        collect();
      }
      held = given.slice(0, 10).filter((image) => image.deref()).length;
    }
    assert.equal(given.length, 24);
    assert.ok(held <= 1, `${held} of the first 10 images are held when 16 are done`);
  });
});
