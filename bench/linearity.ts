import { parseArgs } from 'node:util';
import { elements } from '../src/graph/elements.ts';
import { checkDevice, Runtime, runConfig } from '../src/index.ts';
import { TrainingStep } from '../src/training/training-step.ts';

/**
 * What a patch costs in batches of several sizes, the default step with more images of the same number of views, the sizes
 * turn by turn in one process: `npm run bench -- linearity [--device D] [--threads N] [--images 16,32,64,128,256] [--rounds N]`.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string', default: '2' },
    images: { type: 'string', default: '16,32,64,128,256' },
    rounds: { type: 'string', default: '9' },
  },
});
const runtime = await Runtime.open({ device: checkDevice(values.device), threads: Number(values.threads) });
const sizes = await Promise.all(
  values.images.split(',').map(async (images) => {
    const config = runConfig({ images: Number(images), budget: { steps: 1 } });
    const shape = [config.images * config.views, 3, config.model.size, config.model.size];
    const data = Float32Array.from({ length: elements(shape) }, (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011));
    return { step: await TrainingStep.create(runtime, config), batch: { data, shape }, times: [] as number[] };
  }),
);
for (let round = -1; round < Number(values.rounds); round++) {
  for (const { step, batch, times } of sizes) {
    const started = performance.now();
    await step.run(batch, 0.1, 1, step.reads);
    if (round >= 0) times.push(performance.now() - started);
  }
}
const rows = sizes.map(({ batch: { shape }, times }) => {
  const ms = times.sort((a, b) => a - b)[times.length >> 1];
  return {
    bench: 'linearity',
    device: runtime.device,
    threads: runtime.threads,
    patches: shape[0],
    ms,
    fastest_ms: times[0],
  };
});
for (const row of rows) {
  const of = (time: 'ms' | 'fastest_ms') => row[time] / row.patches;
  const round = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  const more = { ms_per_patch: of('ms'), to_largest: (of('ms') / rows.at(-1)!.ms) * rows.at(-1)!.patches };
  process.stdout.write(`${JSON.stringify({ ...row, ...more }, round)}\n`);
}
process.exit(0);
