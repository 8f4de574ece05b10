import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findAdapter } from '../../src/runtime.ts';
import { configOf, type FitOptions } from '../../src/training/fit-options.ts';
import { LocalFit } from '../../src/training/local-fit.ts';
import { FEW_OPERATORS, plainImages } from './short-training.ts';

/** A training that loses its GPU after some steps, or so many milliseconds into the next, and what it said. */
async function train(losses: { after: number; ms?: number }[]) {
  const said: string[] = [];
  const options: FitOptions = {
    data: plainImages(),
    device: 'webgpu',
    workers: 0,
    config: FEW_OPERATORS,
    reportEvery: 1,
    rescueSeconds: 0,
    onWarning: (message) => said.push(message),
  };
  const training = new LocalFit(configOf(options), options);
  for await (const { step } of training) {
    const [loss] = losses;
    if (step !== loss?.after) continue;
    losses.shift();
    const { runtime } = await training.open();
    if (runtime.device !== 'webgpu') continue;
    const gpu = await runtime.gpu();
    if (loss.ms === undefined) {
      gpu.destroy();
      await gpu.lost;
    } else setTimeout(() => gpu.destroy(), loss.ms);
  }
  const { device } = (await training.open()).runtime;
  const { history } = training;
  const { state } = await training.checkpoint();
  await training.dispose();
  return { said, device, history, state };
}

/** Tests in a realm with WebGPU: its devices are destroyed under a training. */
export async function lostDevices(where: string): Promise<void> {
  const adapter = await findAdapter();
  const skip = 'none' in adapter && adapter.none;
  describe(`a GPU that is lost ${where}`, { timeout: 240_000 }, () => {
    it('is opened again, and the run ends as if nothing had happened', { skip }, async () => {
      const expected = await train([]);
      assert.deepEqual([expected.device, expected.said], ['webgpu', []]);
      const { said, device, history } = await train([{ after: 2 }]);
      assert.equal(device, 'webgpu', said.join('\n'));
      assert.equal(said.length, 1);
      assert.match(said[0], /^The GPU was lost \(.*\)\. Training continues from step 2\.$/);
      assert.deepEqual(
        history.map(({ step }) => step),
        expected.history.map(({ step }) => step),
      );
      for (const [k, { loss }] of history.entries()) {
        const error = Math.abs(loss / expected.history[k].loss - 1);
        assert.ok(error < 1e-4, `step ${k + 1}: ${loss}, ${error} from the undisturbed run`);
      }
    });

    it('in the middle of a step, leaves a run that ends, on wasm if necessary', {
      skip,
    }, async () => {
      const { said, device, history } = await train([{ after: 1, ms: 9 }]);
      assert.equal(history.length, 5);
      assert.ok(history.every(({ loss }) => Number.isFinite(loss)));
      assert.ok(said.length >= 1 && said.length <= 2, said.join('\n'));
      assert.equal(
        said.filter((message) => /on wasm\.$/.test(message)).length,
        device === 'wasm' ? 1 : 0,
        said.join('\n'),
      );
    });
  });
}
