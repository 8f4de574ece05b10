import { parseArgs } from 'node:util';
import { checkDevice, compact, encoders, presets, projectors, Runtime, runConfig } from '../src/index.ts';
import { TrainingStep } from '../src/training/training-step.ts';

/**
 * Process memory of training a large encoder in slices:
 * `npm run bench -- memory [--encoder NAME] [--size N] [--images N] [--views N] [--slices N] [--steps N] [--device D]`.
 * Defaults: EMP-SSL's network and batch, ResNet-18 with its head on 100 images × 20 patches of 32×32, in 20 slices.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    encoder: { type: 'string', default: 'resnet18' },
    size: { type: 'string', default: '32' },
    images: { type: 'string', default: '100' },
    views: { type: 'string', default: '20' },
    slices: { type: 'string', default: '20' },
    steps: { type: 'string', default: '2' },
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string' },
  },
});
const size = Number(values.size);
const config = runConfig({
  recipe: { ...presets.empSsl, size },
  model: {
    size,
    encoder: encoders[values.encoder as keyof typeof encoders],
    projector: values.encoder === 'compact' ? compact.projector : projectors.empSsl,
  },
  images: Number(values.images),
  views: Number(values.views),
  slices: Number(values.slices),
  budget: { steps: Number(values.steps) },
});
const threads = values.threads ? Number(values.threads) : undefined;
const runtime = await Runtime.open({ device: checkDevice(values.device), threads });
const step = await TrainingStep.create(runtime, config);
const shape = [config.images * config.views, 3, size, size];
const data = Float32Array.from(
  { length: shape[0] * 3 * size * size },
  (_, i) => Math.sin(i * 0.37) * Math.cos(i * 0.011),
);
for (let k = 1; k <= Number(values.steps); k++) {
  const started = performance.now();
  const loss = step.loss.report(await step.run({ data, shape }, 0.1, k, step.reads)).loss;
  const { rss } = process.memoryUsage();
  // On Linux the kernel's own high-water mark, elsewhere what is in use now.
  const peak = process.resourceUsage().maxRSS * 1024;
  const row = {
    step: k,
    loss,
    seconds: (performance.now() - started) / 1000,
    rss_mib: rss / 2 ** 20,
    peak_mib: peak / 2 ** 20,
  };
  process.stdout.write(
    `${JSON.stringify({ bench: 'memory', device: runtime.device, patches: shape[0], slices: config.slices, ...row })}\n`,
  );
}
process.exit(0);
