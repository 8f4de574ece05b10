import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { countGpuCalls, type GpuCalls } from '../../bench/step/gpu-calls.ts';
import { batchOf, networkOf, stepModel } from '../../bench/step/networks.ts';
import { captured } from '../../src/engine/capture/captured.ts';
import { add, logSoftmax, matmul, mul, reduceSum, reshape, scale } from '../../src/graph/functions.ts';
import { PLAIN } from '../../src/graph/lowering/forms.ts';
import { lower } from '../../src/graph/lowering/lower.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { createEmbedder, type FitOptions, fit } from '../../src/index.ts';
import { ResidentState } from '../../src/runtime/resident-state.ts';
import { findAdapter, Runtime } from '../../src/runtime.ts';
import type { Checkpoint, RunConfig } from '../../src/train.ts';
import { initialState } from '../../src/training/initial-state.ts';
import { FEW_OPERATORS, largestDifference, plainImages } from '../support/short-training.ts';

const adapter = await findAdapter();
const skip = 'none' in adapter ? `no WebGPU adapter: ${adapter.none}` : false;
const calls = countGpuCalls();

/**
 * w ← w + x·rate, and the sum of w before; `onCpu` adds a node that ORT's WebGPU has no kernel for, `multiplied` a product, so that
 * our own kernels compute the rest.
 */
function model({ onCpu = false, multiplied = false }) {
  const graph = createGraph();
  const [w, given, rate] = [graph.input('w', [4]), graph.input('x', [4]), graph.input('rate', [])];
  const one = graph.constant(
    Float32Array.from({ length: 16 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
    [4, 4],
  );
  const x = multiplied ? reshape(matmul(reshape(given, [1, 4]), one), [4]) : given;
  const next = add(w, mul(x, rate));
  const total = reduceSum(w, [0]);
  if (!onCpu) return { 'w.next': next, total };
  const more = reduceSum(logSoftmax(reshape(w, [1, 4])), [0, 1]);
  return { 'w.next': next, total: add(scale(total, 3), scale(more, 0)) };
}

describe('a captured program', { skip }, () => {
  for (const [what, { onCpu = false, multiplied = false }] of [
    ['is recorded once and then replayed', { multiplied: true }],
    ['without products runs as it is', {}],
    ['is left uncaptured where a node has no GPU kernel', { onCpu: true, multiplied: true }],
  ] as const) {
    it(what, async () => {
      const runtime = await Runtime.open({ device: 'webgpu' });
      const outputs = model({ onCpu, multiplied });
      const said: string[] = [];
      const plainly = () => runtime.compile(writeOnnx(outputs));
      const { head, capture } = captured(outputs, plainly, runtime, (message) => said.push(message));
      await using program = await runtime.compile(writeOnnx(head), [], capture);
      const plain = onCpu || !multiplied;
      const state = await ResidentState.create(runtime, [{ name: 'w', shape: [4] }], {
        w: Float32Array.of(1, 2, 3, 4),
      });
      const run = (x: number, rate: number, reads: readonly string[] = []) =>
        state.run(
          program,
          { x: { data: new Float32Array(4).fill(x), shape: [4] }, rate: { data: Float32Array.of(rate), shape: [] } },
          reads,
        );
      const factor = onCpu ? 3 : 1;
      assert.deepEqual(await run(1, 2, ['total']), { total: Float32Array.of(10 * factor) });
      assert.equal(program.capture === undefined, plain);
      assert.equal(said.length, plain ? 1 : 0);
      if (plain)
        assert.match(
          said[0],
          onCpu ? /slower: ONNX Runtime (has no GPU kernel|copies)/ : /slower: it has no products\.$/,
        );
      calls();
      await run(3, 1);
      const { bind_groups, buffer_writes, read_backs, dispatches } = calls();
      if (!plain) {
        assert.deepEqual(
          { bind_groups, buffer_writes, read_backs },
          { bind_groups: 0, buffer_writes: 2, read_backs: 0 },
        );
        assert.ok(dispatches > 0);
      }
      assert.deepEqual(await state.read(), { w: Float32Array.of(6, 7, 8, 9) });
      state.undo();
      assert.deepEqual(await state.read(), { w: Float32Array.of(3, 4, 5, 6) });
      assert.deepEqual(await run(1, 1, ['total']), { total: Float32Array.of(18 * factor) });
      assert.deepEqual(await state.read(), { w: Float32Array.of(4, 5, 6, 7) });
      await state.clear(['w']);
      assert.deepEqual(await run(1, 1, ['total']), { total: Float32Array.of(0) });
      state.dispose();
    });
  }

  /** A loop of `model` on the GPU, whose first value is 1, 2, 3, 4, and how to run it on 1, 1, 1, 1. */
  async function loop() {
    const runtime = await Runtime.open({ device: 'webgpu' });
    const outputs = model({ multiplied: true });
    const { head, capture } = captured(outputs, () => runtime.compile(writeOnnx(outputs)), runtime);
    const program = await runtime.compile(writeOnnx(head), [], capture);
    const tensors = [{ name: 'w', shape: [4] }];
    const open = () => ResidentState.create(runtime, tensors, { w: Float32Array.of(1, 2, 3, 4) });
    const feeds = {
      x: { data: new Float32Array(4).fill(1), shape: [4] },
      rate: { data: Float32Array.of(1), shape: [] },
    };
    return {
      runtime,
      program,
      open,
      run: (state: ResidentState, reads = ['total']) => state.run(program, feeds, reads),
    };
  }

  it('is recorded at its second run where its first one failed', async () => {
    const { runtime, program, open, run } = await loop();
    const state = await open();
    const { run: onOrt } = runtime;
    runtime.run = () => Promise.reject(new Error('for once'));
    await assert.rejects(run(state), /for once/);
    runtime.run = onOrt;
    assert.deepEqual(await run(state), { total: Float32Array.of(10) });
    assert.deepEqual(await state.read(), { w: Float32Array.of(2, 3, 4, 5) });
    state.dispose();
    await program.dispose();
  });

  it('says that the GPU has no memory for its buffers or its state, in place of zeros', async () => {
    const { program, open, run } = await loop();
    const { popErrorScope } = GPUDevice.prototype;
    const short = async <T>(work: () => Promise<T>) => {
      GPUDevice.prototype.popErrorScope = async function () {
        return (await popErrorScope.call(this)) ?? ({ message: 'too large' } as GPUError);
      };
      const refused = { name: 'BagsslError', code: 'out-of-memory' };
      await assert.rejects(work(), refused).finally(() => Object.assign(GPUDevice.prototype, { popErrorScope }));
    };
    await short(open);
    const state = await open();
    await short(() => run(state));
    state.dispose();
    await program.dispose();
  });

  it('is at most one run ahead of the GPU where nothing is read', async () => {
    const { program, open, run } = await loop();
    const state = await open();
    await run(state);
    const { onSubmittedWorkDone } = GPUQueue.prototype;
    const pending: (() => void)[] = [];
    GPUQueue.prototype.onSubmittedWorkDone = () => new Promise((resolve) => pending.push(() => resolve(undefined)));
    try {
      let ended = 0;
      const runs = (async () => {
        for (; ended < 3; ended++) await run(state, []);
      })();
      await setTimeout(300);
      assert.equal(ended, 1);
      pending.shift()!();
      await setTimeout(300);
      assert.equal(ended, 2);
      pending.shift()!();
      await runs;
    } finally {
      GPUQueue.prototype.onSubmittedWorkDone = onSubmittedWorkDone;
    }
    state.dispose();
    await program.dispose();
  });

  it('of a whole step starts no more kernels than the fastest of other libraries, in one submission', async () => {
    const network = networkOf({ network: 0, patches: 4 });
    const { outputs, state } = stepModel(network);
    const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });
    const feeds = { patches: batchOf(network), rate: scalar(network.rate), step: scalar(1) };
    const losses: number[][] = [];
    for (const device of ['wasm', 'webgpu'] as const) {
      const runtime = await Runtime.open({ device, threads: 1 });
      const lowered = lower(outputs, { ...PLAIN, sum: 'adds' });
      const plain = () => runtime.compile(writeOnnx(lowered));
      const { head, capture } = device === 'webgpu' ? captured(lowered, plain) : { head: lowered, capture: undefined };
      await using program = await runtime.compile(writeOnnx(head), [], capture);
      const memory = await ResidentState.create(runtime, state, initialState(state, 1));
      const found: number[] = [];
      for (let k = 0; k < 2; k++) {
        calls();
        found.push((await memory.run(program, feeds, ['loss'])).loss[0]);
      }
      losses.push(found);
      if (device === 'wasm') continue;
      const { dispatches, submits, buffer_writes, bind_groups, read_backs } = calls();
      // jax-js starts 46. The second submission reads the loss; the writes are the batch and the rate.
      assert.ok(dispatches <= 46, `${dispatches} kernels`);
      assert.deepEqual(
        { submits, buffer_writes, bind_groups, read_backs },
        { submits: 2, buffer_writes: 2, bind_groups: 0, read_backs: 1 },
      );
      memory.dispose();
    }
    const [expected, found] = losses;
    for (const [k, loss] of expected.entries()) assert.ok(Math.abs(found[k] - loss) < 1e-5, `${found}; ${expected}`);
  });
});

/** Steps on WebGPU: the losses, what was said, the calls of the last step, and a checkpoint. */
async function train(device: 'webgpu' | 'wasm', more: Partial<FitOptions>) {
  const said: string[] = [];
  const options = { data: plainImages(), device, workers: 0, threads: 1, reportEvery: 1, ...more };
  await using training = fit({ ...options, onWarning: (message) => said.push(message) });
  let last: GpuCalls = calls();
  for await (const _ of training) last = calls();
  const losses = training.history.map(({ loss }) => loss);
  return { losses, said, calls: last, checkpoint: await training.checkpoint() };
}

/** Its gradients are small enough for float16 to skip no step at the scale it starts with. */
const SHORT = {
  ...FEW_OPERATORS,
  objective: { kind: 'info-nce' },
  rate: 0.1,
  warmup: 0,
  views: 2,
  budget: { steps: 3 },
} satisfies Partial<RunConfig>;

describe('a captured training', { skip }, () => {
  it('is captured again when it is resumed with another batch or precision, and learns as on wasm', async () => {
    const changes: Partial<RunConfig>[] = [SHORT, { images: 6 }];
    if (!('none' in adapter) && adapter.halfFloats) changes.push({ precision: 'float16' });
    const found: Record<'webgpu' | 'wasm', number[]> = { webgpu: [], wasm: [] };
    for (const device of ['webgpu', 'wasm'] as const) {
      let resume: Checkpoint | undefined;
      for (const [k, change] of changes.entries()) {
        const config = { ...change, ...(device === 'wasm' && { precision: 'float32' as const }) };
        const { losses, said, calls, checkpoint } = await train(device, {
          resume,
          config: { ...config, budget: { steps: 3 * (k + 1) } },
        });
        found[device] = losses;
        resume = checkpoint;
        if (device === 'webgpu') assert.deepEqual([said, calls.bind_groups, calls.submits], [[], 0, 2]);
      }
    }
    const { webgpu, wasm } = found;
    assert.ok(largestDifference(webgpu.slice(0, 6), wasm.slice(0, 6)) < 1e-3, `${webgpu}; ${wasm}`);
    assert.ok(largestDifference(webgpu, wasm) < 1e-2, `${webgpu}; ${wasm}`);
  });

  it('is left to ONNX Runtime on a GPU whose kernels bind few buffers, says so, and has the same losses', async () => {
    const expected = await train('webgpu', { config: SHORT });
    assert.deepEqual(expected.said, []);
    const { get } = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits')!;
    const few = (limits: GPUSupportedLimits) =>
      new Proxy(limits, {
        get: (target, name) => (name === 'maxStorageBuffersPerShaderStage' ? 2 : Reflect.get(target, name)),
      });
    Object.defineProperty(GPUAdapter.prototype, 'limits', {
      configurable: true,
      get() {
        return few(get!.call(this));
      },
    });
    const { said, losses, calls } = await train('webgpu', { config: SHORT }).finally(() =>
      Object.defineProperty(GPUAdapter.prototype, 'limits', { configurable: true, get }),
    );
    assert.equal(said.length, 1);
    assert.match(
      said[0],
      /not captured on this GPU, so it is slower: a kernel must bind \d+ buffers, and this GPU allows 2 \(maxStorageBuffersPerShaderStage\)\.$/,
    );
    assert.ok(calls.bind_groups > 0);
    assert.ok(largestDifference(losses, expected.losses) < 1e-4, `${losses}; ${expected.losses}`);
  });
});

describe('the encoder of the package on a GPU', { skip }, () => {
  it('computes nothing on the host: it reads back the blocks and the vector', async () => {
    await using embedder = await createEmbedder({ encoder: 'models/photos.safetensors', device: 'webgpu', workers: 0 });
    calls();
    await embedder.embed(await plainImages(1, 64).image(0));
    assert.equal(calls().read_backs, 2);
  });
});
