import { parseArgs } from 'node:util';
import { elements } from '../src/graph/elements.ts';
import { matmul, reduceMax } from '../src/graph/functions.ts';
import { createGraph } from '../src/graph/ops/index.ts';
import { writeOnnx } from '../src/graph/write-onnx.ts';
import { type DeviceChoice, type PrecisionChoice, Runtime, runConfig } from '../src/index.ts';
import { objectiveOf, optimizerOf } from '../src/training/run-config.ts';
import { stepGraph } from '../src/training/step-graph.ts';
import { TrainingStep } from '../src/training/training-step.ts';
import { flops } from './flops.ts';

/**
 * One training step of the default run against one large matrix product, on the same engine and threads, turn by turn in
 * one process: `npm run bench -- step [--device D] [--threads N] [--images N] [--views N] [--precision P] [--rounds N]
 * [--json]`.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string' },
    images: { type: 'string' },
    views: { type: 'string' },
    precision: { type: 'string', default: 'float32' },
    rounds: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
  },
});

const SIDE = 1024;
const threads = values.threads ? Number(values.threads) : undefined;
const runtime = await Runtime.open({ device: values.device as DeviceChoice, threads });
const defaults = runConfig({ budget: { steps: 1 }, precision: values.precision as PrecisionChoice });
const config = {
  ...defaults,
  images: Number(values.images ?? defaults.images),
  views: Number(values.views ?? defaults.views),
};
const step = await TrainingStep.create(runtime, config);
const { precision } = step;
const { outputs } = stepGraph(config.model, objectiveOf(config), optimizerOf(config), { ...config, precision });
const shape = [config.images * config.views, 3, config.model.size, config.model.size];
const data = Float32Array.from({ length: elements(shape) }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011));

const graph = createGraph();
const product = matmul(graph.input('a', [SIDE, SIDE]), graph.input('b', [SIDE, SIDE]));
const square = { data: Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.sin(i)), shape: [SIDE, SIDE] };
// Its largest element alone comes back, so that the copy to the host does not count.
const large = await runtime.compile(writeOnnx({ largest: reduceMax(product, [0, 1]) }));

const times = { step: [] as number[], matmul: [] as number[] };
for (let round = -2; round < Number(values.rounds); round++) {
  const started = performance.now();
  await step.run({ data, shape }, 0.1, 1, step.reads);
  const between = performance.now();
  for (let k = 0; k < 4; k++) await large.run({ a: square, b: square });
  const ended = performance.now();
  if (round < 0) continue;
  times.step.push(between - started);
  times.matmul.push((ended - between) / 4);
}
const median = (list: number[]) => [...list].sort((a, b) => a - b)[list.length >> 1];
const ms = median(times.step);
const gflops = flops(outputs) / ms / 1e6;
const peak = (2 * SIDE ** 3) / median(times.matmul) / 1e6;
const shares = times.step.map((t, k) => flops(outputs) / t / ((2 * SIDE ** 3) / times.matmul[k]));
const result = {
  bench: 'step',
  engine: runtime.device,
  adapter: runtime.adapter ?? 'cpu',
  threads: runtime.threads,
  precision,
  patches: shape[0],
  ms_per_step: Number(ms.toFixed(1)),
  patches_per_second: Number(((1000 * shape[0]) / ms).toFixed(0)),
  gflops: Number(gflops.toFixed(2)),
  matmul_gflops: Number(peak.toFixed(2)),
  share_of_matmul: Number(median(shares).toFixed(3)),
};
if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
else console.table([result]);
process.exit(0);
