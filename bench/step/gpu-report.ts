import { VERSION } from '../../src/base/version.ts';
import { formsOf } from '../../src/engine/compile.ts';
import { findAdapter } from '../../src/runtime/device.ts';
import { Runtime } from '../../src/runtime.ts';
import { runConfig } from '../../src/train.ts';
import { countGpuCalls, type GpuCalls, perStep } from './gpu-calls.ts';
import { median } from './median.ts';
import { NETWORKS, networkOf } from './networks.ts';
import { ours } from './ours.ts';
import { shareOfMatmul } from './share.ts';

/** Steps between two readings of the loss, as in a run on a GPU. */
const BETWEEN = 10;

/** One network's step on this GPU. */
interface StepOnGpu {
  readonly network: string;
  readonly patches: number;
  /** Compiling, and the first step. */
  readonly first_ms: number;
  /** Median of a step whose loss is read, which waits for the GPU. */
  readonly ms_per_step: number;
  /** The same where only every tenth loss is read, as in a run. */
  readonly ms_per_step_of_ten: number;
  readonly losses: readonly number[];
  readonly gpu: GpuCalls;
}

/**
 * What one GPU makes of a training step: for people who have a card to send to those who have none.
 * @param patches a step's batch; by default small ones, where starting kernels rules, and whole ones
 */
export async function gpuReport(rounds: number, patches?: number) {
  const adapter = await findAdapter();
  if ('none' in adapter) throw new Error(`There is no WebGPU adapter here: ${adapter.none}.`);
  const calls = countGpuCalls();
  const steps: StepOnGpu[] = [];
  for (const network of NETWORKS.keys()) {
    for (const size of patches ? [patches] : [8, undefined]) steps.push(await stepOf(network, size, rounds, calls));
  }
  const runtime = await Runtime.open({ device: 'webgpu' });
  const size = patches ? { views: 2, images: patches / 2 } : {};
  const run = await shareOfMatmul(runtime, runConfig({ ...size, budget: { steps: 1 } }), rounds);
  const gpu = await runtime.gpu();
  const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize } = gpu.limits;
  return {
    bench: 'step-gpu',
    bagssl: VERSION,
    platform: navigator.userAgent,
    adapter,
    limits: { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize },
    /** What a kernel costs that does nothing, in one submission of 1,000. */
    us_per_kernel: Number((await msOfNothing(gpu, 1000)).toFixed(3)),
    forms: await formsOf(runtime),
    default_run: run,
    steps,
  };
}

async function stepOf(
  network: number,
  patches: number | undefined,
  rounds: number,
  calls: () => GpuCalls,
): Promise<StepOnGpu> {
  const description = networkOf({ network, patches });
  const started = performance.now();
  const candidate = await ours(description, { engine: 'bagssl', device: 'webgpu', network });
  const losses = [await candidate.steps(1)];
  const first = performance.now() - started;
  const times = { one: [] as number[], ten: [] as number[] };
  let gpu: GpuCalls | undefined;
  for (let round = 0; round < rounds; round++) {
    for (const [kind, count] of [
      ['one', 1],
      ['ten', BETWEEN],
    ] as const) {
      calls();
      const begun = performance.now();
      losses.push(await candidate.steps(count));
      times[kind].push((performance.now() - begun) / count);
      if (kind === 'one') gpu = perStep(calls(), 1);
    }
  }
  const rounded = (ms: number) => Number(ms.toFixed(2));
  return {
    network: description.name,
    patches: 2 * description.images,
    first_ms: rounded(first),
    ms_per_step: rounded(median(times.one)),
    ms_per_step_of_ten: rounded(median(times.ten)),
    losses: losses.slice(0, 3).map((loss) => Number(loss.toFixed(6))),
    gpu: gpu!,
  };
}

/** Milliseconds that `count` kernels take which do nothing; with 1,000, microseconds each. */
async function msOfNothing(gpu: GPUDevice, count: number): Promise<number> {
  const module = gpu.createShaderModule({ code: '@compute @workgroup_size(1) fn main() {}' });
  const pipeline = gpu.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const encoder = gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    for (let k = 0; k < count; k++) pass.dispatchWorkgroups(1);
    pass.end();
    const started = performance.now();
    gpu.queue.submit([encoder.finish()]);
    await gpu.queue.onSubmittedWorkDone();
    times.push(performance.now() - started);
  }
  return median(times);
}
