import { parseArgs } from 'node:util';
import { elements } from '../src/graph/graph.ts';
import { checkDevice, Runtime } from '../src/runtime.ts';
import { runConfig } from '../src/train.ts';
import { TrainingStep } from '../src/training/training-step.ts';

/**
 * The cost of a patch by batch size (images × views of the default step); the sizes take turns in one process:
 * `npm run bench -- linearity [--device D] [--threads N] [--batches 16x4,16x16,16x64] [--rounds N]`.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string', default: '2' },
    batches: { type: 'string', default: '16x4,32x4,64x4,128x4,256x4,16x16,16x64' },
    rounds: { type: 'string', default: '15' },
  },
});
const runtime = await Runtime.open({ device: checkDevice(values.device), threads: Number(values.threads) });
const sizes = await Promise.all(
  values.batches.split(',').map(async (name) => {
    const [images, views] = name.split('x').map(Number);
    const config = runConfig({ images, views, budget: { steps: 1 } });
    const shape = [config.images * config.views, 3, config.recipe.size, config.recipe.size];
    const data = Float32Array.from({ length: elements(shape) }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011));
    return { name, step: await TrainingStep.create(runtime, config), batch: { data, shape }, times: [] as number[] };
  }),
);
for (let round = -1; round < Number(values.rounds); round++) {
  for (const { step, batch, times } of sizes) {
    const started = performance.now();
    await step.run(batch, 0.1, 1, step.reads);
    if (round >= 0) times.push(performance.now() - started);
  }
}
for (const { name, batch, times } of sizes) {
  const [patches] = batch.shape;
  const [fastest, ms] = times.sort((a, b) => a - b).filter((_, k) => k === 0 || k === times.length >> 1);
  const row = { bench: 'linearity', device: runtime.device, threads: runtime.threads, batch: name, patches };
  const figures = { ms, fastest_ms: fastest, ms_per_patch: ms / patches, fastest_ms_per_patch: fastest / patches };
  const round = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  process.stdout.write(`${JSON.stringify({ ...row, ...figures }, round)}\n`);
}
process.exit(0);
