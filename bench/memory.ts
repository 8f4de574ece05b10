import { parseArgs } from 'node:util';
import { builtinScenes } from '../src/data.ts';
import { compact, encoders, loadOnnx, type ModelConfig, projectors } from '../src/encoders.ts';
import { fit } from '../src/index.ts';
import { presets } from '../src/patches.ts';
import { checkDevice } from '../src/runtime.ts';
import { collectGarbage, MIB, status, watchBuffers, watchHeaps } from './watch.ts';

/**
 * Memory of a whole training process, with its patch worker (Linux):
 * `npm run bench -- memory [--deno] [--encoder NAME] [--size N] [--images N] [--views N] [--slices N] [--steps N] [--device D]`.
 * NAME may be a file .onnx, which gets a small head so that its own memory shows.
 * Defaults: EMP-SSL's network and batch, ResNet-18 with its head on 100 images × 20 patches of 32×32, in 100 slices.
 * Prints a row after each twentieth of the steps, with garbage collected: `--encoder tiny --size 8 --slices 1 --steps 2000` shows what
 * memory does between steps 100 and 2,000.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    encoder: { type: 'string', default: 'resnet18' },
    size: { type: 'string', default: '32' },
    images: { type: 'string', default: '100' },
    views: { type: 'string', default: '20' },
    slices: { type: 'string', default: '100' },
    steps: { type: 'string', default: '2' },
    device: { type: 'string', default: 'wasm' },
    threads: { type: 'string' },
  },
});
const [size, images, views, slices, steps] = [
  values.size,
  values.images,
  values.views,
  values.slices,
  values.steps,
].map(Number);
const projector = values.encoder === 'compact' ? compact.projector : projectors.empSsl;
const tiny: ModelConfig = {
  encoder: { kind: 'conv', widths: [8, 16], strides: [1, 2], residual: false },
  projector: { hidden: [32], out: 16 },
};
const isFile = values.encoder.endsWith('.onnx');
const own = async (): Promise<ModelConfig> => ({
  encoder: { kind: 'onnx', model: await loadOnnx(values.encoder), batchNorm: 'frozen' },
  projector: { hidden: [64], out: 16 },
});
const model = isFile ? await own() : undefined;
const heaps = watchHeaps();
const buffers = watchBuffers();

const training = fit({
  data: builtinScenes({ count: Math.max(images, 500) }),
  device: checkDevice(values.device),
  threads: values.threads ? Number(values.threads) : undefined,
  workers: 1,
  config: {
    recipe: { ...presets.empSsl, size },
    model:
      model ??
      (values.encoder === 'tiny' ? tiny : { encoder: encoders[values.encoder as keyof typeof encoders], projector }),
    images,
    views,
    slices,
    budget: { steps },
  },
});
for await (const { step, ms } of training) {
  if (step % Math.ceil(steps / 20) !== 0) continue;
  await collectGarbage();
  const row = {
    bench: 'memory',
    device: values.device,
    encoder: values.encoder,
    patches: images * views,
    slices,
    step,
    loss: training.history.at(-1)?.loss,
    seconds_of_step: Number((ms / 1000).toFixed(3)),
    rss_mib: status('VmRSS'),
    peak_mib: status('VmHWM'),
    wasm_heap_mib: heaps(),
    arrays_mib: process.memoryUsage().arrayBuffers / MIB,
    ...buffers(),
  };
  process.stdout.write(
    `${JSON.stringify(row, (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value))}\n`,
  );
}
process.exit(0);
