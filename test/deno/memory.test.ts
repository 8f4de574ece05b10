import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { compile } from '../../src/engine/compile.ts';
import { scale } from '../../src/graph/functions.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { fit } from '../../src/index.ts';
import { findAdapter, Runtime } from '../../src/runtime.ts';
import { initialWeights, runConfig } from '../../src/train.ts';
import { openEmbedder } from '../support/open-embedder.ts';
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
  const training = fit({ data: plainImages(), device, reportEvery: 1, workers: 0, config: run });
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

/** The GPU devices that something still holds, of all that were opened. */
function countDevices() {
  const opened: WeakRef<GPUDevice>[] = [];
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (descriptor) {
    const device = await requestDevice.call(this, descriptor);
    opened.push(new WeakRef(device));
    return device;
  };
  return () => ({ opened: opened.length, held: opened.filter((device) => device.deref()).length });
}

/** Waits until what nothing holds is collected. */
async function collected(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  // Not asked between: what is looked at by a WeakRef stays for the rest of that turn.
  for (let k = 0; k < 5; k++) {
    await setTimeout(100);
    collect();
  }
  await setTimeout(0);
}

describe('memory of embedding on WebGPU', { skip: why }, () => {
  it('is given back with the embedder, although Deno keeps its worker', async () => {
    const devices = countDevices();
    const config = runConfig({ ...SHORT_RUN, budget: { steps: 1 } });
    const { model, recipe } = config;
    const weights = initialWeights(config);
    for (let k = 0; k < 3; k++) {
      const embedder = await openEmbedder({ device: 'webgpu', model, recipe, weights, workers: 1 });
      await embedder.matrix(plainImages());
      await embedder.dispose();
    }
    await collected();
    const { opened, held } = devices();
    assert.equal(opened, 3);
    // ORT may hold the last one.
    assert.ok(held <= 1, `${held} of ${opened} devices are held`);
  });

  it('does not keep what a run gave until the GPU is lost', async () => {
    const runtime = await Runtime.open({ device: 'webgpu' });
    const x = createGraph().input('x', [1, 4]);
    const program = await compile(runtime, { y: scale(x, 2) });
    const given: WeakRef<Float32Array>[] = [];
    for (let k = 0; k < 10; k++) {
      const { y } = await program.run({ x: { data: new Float32Array(4).fill(k), shape: [1, 4] } });
      assert.equal(y[3], 2 * k);
      given.push(new WeakRef(y));
    }
    await collected();
    const held = given.filter((result) => result.deref()).length;
    await program.dispose();
    assert.ok(held <= 1, `${held} of 10 results are held`);
  });
});
