import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BagsslError } from '../../src/index.ts';
import { choosePrecision } from '../../src/runtime/precision.ts';
import { Runtime } from '../../src/runtime.ts';
import { type RunConfig, runConfig } from '../../src/train.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { randoms } from '../support/random.ts';
import { relativeError } from '../support/reference.ts';
import { SHORT_RUN } from '../support/short-training.ts';

const patches = { data: randoms(7, 36 * 192), shape: [36, 3, 8, 8] };

/** Native ORT computes half floats by way of float32: slowly, which is why it is not offered, but at least as exactly. */
async function start(run: Partial<RunConfig>, scaling: Record<string, number> = {}) {
  const runtime = Object.assign(await Runtime.open({ device: 'native', threads: 1 }), { halfFloats: true });
  const config = runConfig({ ...SHORT_RUN, precision: 'float16', averaging: 0.9, ...run, budget: { steps: 1 } });
  const fresh = await TrainingStep.create(runtime, config);
  const given = Object.entries(scaling).map(([name, value]) => [`scaling.${name}`, Float32Array.of(value)]);
  const state = { ...initialState(fresh.state, config.seed), ...Object.fromEntries(given) };
  await fresh.dispose();
  const step = await TrainingStep.create(runtime, config, state);
  let count = 0;
  const next = async () => {
    const reads = await step.run(patches, 0.01, ++count, step.reads);
    return { loss: step.loss.report(reads).loss, skipped: reads.skipped?.[0], scale: reads.lossScale?.[0] };
  };
  return { state: state as Record<string, Float32Array>, step, next };
}

for (const slices of [1, 3]) {
  describe(`half precision${slices > 1 ? ', in slices' : ''}`, () => {
    it('follows the losses of float32 to 1e-3', async () => {
      const half = await start({ slices }, { scale: 1024 });
      const full = await start({ slices, precision: 'float32' });
      for (let k = 0; k < 5; k++) {
        const [found, expected] = [await half.next(), await full.next()];
        assert.equal(found.skipped, 0);
        assert.ok(relativeError([found.loss], [expected.loss]) < 1e-3, `step ${k}: ${found.loss}, ${expected.loss}`);
      }
      // It did run in another precision.
      const name = 'encoder.1.conv.weight';
      const distance = relativeError((await half.step.read())[name], (await full.step.read())[name]);
      assert.ok(distance > 1e-6 && distance < 1e-2, `${distance}`);
    });

    it('skips a step whose gradients overflow, changing nothing but the scale and the count, and recovers', async () => {
      const { state, step, next } = await start({ slices }, { scale: 2 ** 40, good: 7 });
      assert.deepEqual({ ...(await next()), loss: 0 }, { loss: 0, skipped: 1, scale: 2 ** 39 });
      const after = await step.read();
      assert.deepEqual(after, {
        ...state,
        'scaling.scale': Float32Array.of(2 ** 39),
        'scaling.good': Float32Array.of(0),
        'scaling.skipped': Float32Array.of(1),
      });
      let [report, before] = [await next(), 1];
      for (let k = 0; k < 30 && report.skipped > before; k++) [report, before] = [await next(), report.skipped];
      const { 'scaling.good': good, ...recovered } = await step.read();
      assert.deepEqual([...good], [1]);
      assert.equal(report.scale, 2 ** (40 - report.skipped));
      assert.ok(report.scale >= 1024 && report.scale <= 2 ** 20, `${report.scale}`);
      // The first step that counts starts the moving average, whatever its number.
      for (const name of ['encoder.0.conv.weight', 'projector.0.bn.running_mean']) {
        assert.notDeepEqual(recovered[name], state[name]);
        assert.deepEqual(recovered[`average.${name}`], recovered[name]);
      }
    });

    it('doubles the scale after 1,000 good steps in a row', async () => {
      const { step, next } = await start({ slices }, { scale: 512, good: 999 });
      assert.equal((await next()).scale, 1024);
      assert.deepEqual([...(await step.read())['scaling.good']], [0]);
      assert.equal((await next()).scale, 1024);
    });
  });
}

describe('the choice of precision', () => {
  const choose = (choice: 'auto' | 'float16' | 'float32', engine: Parameters<typeof choosePrecision>[0]) => {
    const warnings: string[] = [];
    return { precision: choosePrecision(engine, choice, (message) => warnings.push(message)), warnings };
  };
  const gpu = { device: 'webgpu', adapter: 'Old Card', halfFloats: false } as const;
  const cpu = { device: 'wasm', halfFloats: false } as const;

  it('auto takes float16 where there is any, else float32 with one warning that says why', () => {
    assert.deepEqual(choose('auto', { ...gpu, halfFloats: true }), { precision: 'float16', warnings: [] });
    for (const [engine, why] of [
      [gpu, /"Old Card" does not offer "shader-f16"/],
      [cpu, /wasm engine/],
    ] as const) {
      const { precision, warnings } = choose('auto', engine);
      assert.equal(precision, 'float32');
      assert.ok(warnings.length === 1 && why.test(warnings[0]), `${warnings}`);
    }
    assert.deepEqual(choose('float32', gpu), { precision: 'float32', warnings: [] });
  });

  it('by name is taken, or refused with what to do', () => {
    assert.equal(choose('float16', { ...gpu, halfFloats: true }).precision, 'float16');
    assert.equal(choose('float32', { ...gpu, halfFloats: true }).precision, 'float32');
    assert.throws(
      () => choose('float16', cpu),
      (error) => error instanceof BagsslError && error.code === 'device-unavailable' && /"auto"/.test(error.message),
    );
    assert.throws(
      () => runConfig({ budget: { steps: 1 }, precision: 'half' as never }),
      (error) => error instanceof BagsslError && error.code === 'bad-argument' && /"half"/.test(error.message),
    );
  });
});
