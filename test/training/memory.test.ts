import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Runtime } from '../../src/runtime.ts';
import { runConfig } from '../../src/train.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { randoms } from '../support/random.ts';
import { SHORT_RUN } from '../support/short-training.ts';

// ONNX Runtime's heap is made when it is first loaded, by a test below.
const heaps: WebAssembly.Memory[] = [];
WebAssembly.Memory = class extends WebAssembly.Memory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    heaps.push(this);
  }
};

/** Bytes of arrays that something still holds. */
async function arrays(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  // The second collection waits until the first has given the arrays' memory back.
  for (let k = 0; k < 2; k++) {
    collect();
    await setImmediate();
  }
  return process.memoryUsage().arrayBuffers;
}

describe('memory of training on wasm', () => {
  for (const slices of [1, 3]) {
    // The state is 2.2 MB, so whatever is kept of the steps shows.
    it(`does not grow from step 10 to step 40 in ${slices === 1 ? 'one piece' : `${slices} slices`}`, async () => {
      const model = { ...SHORT_RUN.model!, projector: { hidden: [512, 512], out: 16 } };
      const config = runConfig({ ...SHORT_RUN, model, slices, budget: { steps: 40 } });
      const step = await TrainingStep.create(await Runtime.open({ device: 'wasm', threads: 1 }), config);
      const batch = { data: randoms(3, 36 * 192), shape: [36, 3, 8, 8] };
      const sizes: { heap: number; arrays: number }[] = [];
      for (let k = 1; k <= 40; k++) {
        await step.run(batch, 0.01, k, step.reads);
        if (k % 30 === 10) sizes.push({ heap: heaps[0].buffer.byteLength, arrays: await arrays() });
      }
      await step.dispose();
      const [early, late] = sizes;
      assert.ok(early.arrays > 2.2e6, `${early.arrays} bytes of arrays cannot hold the state`);
      assert.equal(late.heap, early.heap);
      assert.ok(Math.abs(late.arrays - early.arrays) < 1e5, `${early.arrays} bytes of arrays became ${late.arrays}`);
    });
  }
});
