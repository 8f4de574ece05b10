import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fit } from '../../src/index.ts';
import { findAdapter } from '../../src/runtime.ts';
import { largestDifference, plainImages, SHORT_RUN } from '../support/short-training.ts';

const adapter = await findAdapter();
const why = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;

/** The GPU buffers that are alive, counted where they are made and destroyed. */
function countBuffers() {
  let alive = 0;
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  const destroyed = new WeakSet<GPUBuffer>();
  GPUDevice.prototype.createBuffer = function (descriptor) {
    alive++;
    return createBuffer.call(this, descriptor);
  };
  GPUBuffer.prototype.destroy = function () {
    if (!destroyed.has(this)) alive--;
    destroyed.add(this);
    return destroy.call(this);
  };
  return () => alive;
}

/** Six steps and a checkpoint: their losses, the buffers alive after each, and what is left after dispose. */
async function shortRun(device: 'webgpu' | 'wasm', slices: number, alive = () => 0) {
  const run = { ...SHORT_RUN, slices, averaging: 0.9, budget: { steps: 6 } };
  const training = fit({ data: plainImages(), device, reportEvery: 1, workers: 0, run });
  const counts = [];
  for await (const _ of training) counts.push(alive());
  await training.checkpoint();
  counts.push(alive());
  await training.dispose();
  return { losses: training.history.map(({ loss }) => loss), counts, left: alive() };
}

describe('memory of training on WebGPU', { skip: why }, () => {
  for (const [name, slices] of [
    ['whole', 1],
    ['sliced', 3],
  ] as const) {
    it(`${name}, keeps its GPU buffers from the second step on, frees them, and learns as wasm does`, async () => {
      const { losses, counts, left } = await shortRun('webgpu', slices, countBuffers());
      assert.ok(counts[1] > 50);
      assert.deepEqual(counts.slice(1), Array(6).fill(counts[1]));
      assert.equal(left, 0);
      assert.ok(largestDifference(losses, (await shortRun('wasm', slices)).losses) < 1e-3);
    });
  }
});
