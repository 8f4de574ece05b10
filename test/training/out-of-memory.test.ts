import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { BagsslError, fit } from '../../src/index.ts';
import type { RunConfig } from '../../src/train.ts';
import { plainImages, SHORT_RUN } from '../support/short-training.ts';

const PAGES_OF_A_MEBIBYTE = 16;
const { grow } = WebAssembly.Memory.prototype;
/** The largest that any WebAssembly memory may become, in MiB. */
let most = 0;
let refused = 0;
WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number) {
  if (this.buffer.byteLength / 65_536 + pages > most * PAGES_OF_A_MEBIBYTE) {
    refused++;
    throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
  }
  return grow.call(this, pages);
};
after(() => {
  WebAssembly.Memory.prototype.grow = grow;
});

const size = 32;
const run: Partial<RunConfig> = {
  ...SHORT_RUN,
  model: {
    ...SHORT_RUN.model!,
    encoder: { kind: 'conv', widths: [48, 48], strides: [1, 1], residual: false },
  },
  recipe: { ...SHORT_RUN.recipe!, size },
  images: 24,
  views: 4,
  budget: { steps: 2 },
};
const train = async (said: string[]) => {
  const training = fit({
    data: plainImages(24, 64),
    device: 'wasm',
    threads: 1,
    workers: 0,
    config: run,
    onWarning: (message) => said.push(message),
  });
  try {
    for await (const _ of training);
    return training;
  } finally {
    await training.dispose();
  }
};

describe('a wasm memory that cannot grow', () => {
  it('is answered with slices, on a build of ONNX Runtime whose memory is still free; if nothing helps, with an error', async () => {
    most = 110;
    const said: string[] = [];
    const training = await train(said);
    assert.ok(refused > 0);
    assert.deepEqual([training.config.slices, training.history.length], [4, 2]);
    assert.equal(said.length, 1, said.join('\n'));
    assert.match(said[0], /^There was not enough memory\. Training continues from step 0 with batches in 4 slices/);

    most = 30;
    await assert.rejects(train([]), (error) => error instanceof BagsslError && error.code === 'out-of-memory');
  });
});
