import { matmul, reduceMax } from '../../src/graph/functions.ts';
import { elements } from '../../src/graph/graph.ts';
import { createGraph } from '../../src/graph/ops/index.ts';
import { writeOnnx } from '../../src/graph/write-onnx.ts';
import { objectiveOf } from '../../src/objectives/choice.ts';
import { optimizerOf } from '../../src/optimizers/choice.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { RunConfig } from '../../src/training/run-config.ts';
import { stepGraph } from '../../src/training/step-graph.ts';
import { TrainingStep } from '../../src/training/training-step.ts';
import { flops } from '../flops.ts';
import { countGpuCalls, type GpuCalls } from './gpu-calls.ts';
import { median } from './median.ts';

const SIDE = 1024;

/** A batch for `config`; its contents do not affect speed. */
export function anyPatches({ images, views, recipe }: RunConfig) {
  const shape = [images * views, 3, recipe.size, recipe.size];
  return {
    data: Float32Array.from({ length: elements(shape) }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011)),
    shape,
  };
}

/** One training step of a run against one large matrix product, on the same engine and threads, taking turns. */
export async function shareOfMatmul(runtime: Runtime, config: RunConfig, rounds: number) {
  const step = await TrainingStep.create(runtime, config);
  const { precision } = step;
  const { outputs } = stepGraph(config.model, objectiveOf(config.objective), optimizerOf(config.optimizer), {
    ...config,
    size: config.recipe.size,
    precision,
  });
  const work = flops(outputs);
  const patches = anyPatches(config);
  const graph = createGraph();
  const product = matmul(graph.input('a', [SIDE, SIDE]), graph.input('b', [SIDE, SIDE]));
  const square = { data: Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.sin(i)), shape: [SIDE, SIDE] };
  // Returns only its largest element, so that the copy to the host does not count.
  const large = await runtime.compile(writeOnnx({ largest: reduceMax(product, [0, 1]) }));
  const times = { step: [] as number[], matmul: [] as number[] };
  const calls = runtime.device === 'webgpu' ? countGpuCalls() : undefined;
  let gpu: GpuCalls | undefined;
  for (let round = -2; round < rounds; round++) {
    calls?.();
    const started = performance.now();
    await step.run(patches, 0.1, 1, step.reads);
    const between = performance.now();
    gpu = calls?.();
    for (let k = 0; k < 4; k++) await large.run({ a: square, b: square });
    const ended = performance.now();
    if (round < 0) continue;
    times.step.push(between - started);
    times.matmul.push((ended - between) / 4);
  }
  const ms = median(times.step);
  const shares = times.step.map((t, k) => work / t / ((2 * SIDE ** 3) / times.matmul[k]));
  return {
    bench: 'step',
    engine: runtime.device,
    adapter: runtime.adapter ?? 'cpu',
    threads: runtime.threads,
    precision,
    patches: patches.shape[0],
    ms_per_step: Number(ms.toFixed(1)),
    patches_per_second: Number(((1000 * patches.shape[0]) / ms).toFixed(0)),
    gflops: Number((work / ms / 1e6).toFixed(2)),
    matmul_gflops: Number(((2 * SIDE ** 3) / median(times.matmul) / 1e6).toFixed(2)),
    share_of_matmul: Number(median(shares).toFixed(3)),
    ...(gpu && { gpu }),
  };
}
