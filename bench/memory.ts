import { existsSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  builtinScenes,
  checkDevice,
  compact,
  encoders,
  fit,
  type ModelConfig,
  presets,
  projectors,
} from '../src/index.ts';

/**
 * Memory of a whole training process, its patch worker included (Linux):
 * `npm run bench -- memory [--deno] [--encoder NAME] [--size N] [--images N] [--views N] [--slices N] [--steps N] [--device D]`.
 * Defaults: EMP-SSL's network and batch, ResNet-18 with its head on 100 images × 20 patches of 32×32, in 100 slices.
 * A row is printed after each twentieth of the steps, garbage collected: `--encoder tiny --size 8 --slices 1 --steps 2000` shows what
 * memory does between step 100 and step 2,000.
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
  size,
  encoder: { kind: 'conv', widths: [8, 16], strides: [1, 2], residual: false },
  projector: { hidden: [32], out: 16 },
};
const MIB = 2 ** 20;
const heaps = watchHeaps();
const buffers = watchBuffers();

const training = fit({
  data: builtinScenes({ count: Math.max(images, 500) }),
  device: checkDevice(values.device),
  threads: values.threads ? Number(values.threads) : undefined,
  workers: 1,
  run: {
    recipe: { ...presets.empSsl, size },
    model:
      values.encoder === 'tiny'
        ? tiny
        : { size, encoder: encoders[values.encoder as keyof typeof encoders], projector },
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

/** So that what is in use shows, and not what happens to wait for collection. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  for (let k = 0; k < 2; k++) {
    runInNewContext('gc')();
    await setImmediate();
  }
}

/** A line of the kernel's account of this process, MiB. */
function status(line: 'VmRSS' | 'VmHWM'): number | undefined {
  const account = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const kib = account.match(new RegExp(`^${line}:\\s*(\\d+) kB`, 'm'))?.[1];
  return kib ? Number(kib) / 1024 : undefined;
}

/** The size of this thread's WebAssembly memories, MiB; they never shrink. */
function watchHeaps(): () => number {
  const made: WebAssembly.Memory[] = [];
  WebAssembly.Memory = class extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(this);
    }
  };
  return () => made.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) / MIB;
}

/** The GPU buffers alive, their number and MiB, where there is WebGPU. */
function watchBuffers(): () => { gpu_buffers?: number; gpu_mib?: number } {
  if (!('GPUDevice' in globalThis)) return () => ({});
  const alive = new Set<GPUBuffer>();
  const { createBuffer } = GPUDevice.prototype;
  const { destroy } = GPUBuffer.prototype;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    const buffer = createBuffer.call(this, descriptor);
    alive.add(buffer);
    return buffer;
  };
  GPUBuffer.prototype.destroy = function () {
    alive.delete(this);
    return destroy.call(this);
  };
  return () => ({ gpu_buffers: alive.size, gpu_mib: [...alive].reduce((sum, { size }) => sum + size, 0) / MIB });
}
