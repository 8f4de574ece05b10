import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { encoders, projectors } from '../src/encoders.ts';
import { presets } from '../src/patches.ts';
import { checkDevice, Runtime } from '../src/runtime.ts';
import { runConfig } from '../src/train.ts';
import { TrainingStep } from '../src/training/training-step.ts';

/**
 * Runs the same steps on wasm in Node and on WebGPU in Deno, from the same weights and patches. Fails if the losses differ by
 * more than a thousandth. `npm run bench -- equal [--encoder NAME] [--size N] [--images N] [--views N] [--steps N]`.
 * Defaults: EMP-SSL's network, ResNet-18 with its head, on 8 images × 2 patches of 16×16.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: {
    encoder: { type: 'string', default: 'resnet18' },
    size: { type: 'string', default: '16' },
    images: { type: 'string', default: '8' },
    views: { type: 'string', default: '2' },
    steps: { type: 'string', default: '3' },
    device: { type: 'string' },
  },
});

interface Row {
  readonly device: string;
  readonly adapter: string;
  readonly seconds: number;
  readonly losses: readonly number[];
}

if (values.device) {
  process.stdout.write(`${JSON.stringify(await train(values.device))}\n`);
} else {
  const wasm = await train('wasm');
  const webgpu = inDeno('webgpu');
  const differences = wasm.losses.map((loss, k) => Math.abs(webgpu.losses[k] - loss) / Math.abs(loss));
  const difference = Math.max(...differences);
  for (const row of [wasm, webgpu]) process.stdout.write(`${JSON.stringify({ bench: 'equal', ...row })}\n`);
  process.stdout.write(`${JSON.stringify({ bench: 'equal', largest_difference: difference })}\n`);
  process.exitCode = difference < 1e-3 ? 0 : 1;
}
process.exit();

async function train(name: string): Promise<Row> {
  const size = Number(values.size);
  const config = runConfig({
    recipe: { ...presets.empSsl, size },
    model: {
      encoder: encoders[values.encoder as keyof typeof encoders],
      projector: projectors.empSsl,
    },
    images: Number(values.images),
    views: Number(values.views),
    budget: { steps: Number(values.steps) },
  });
  const started = performance.now();
  const runtime = await Runtime.open({ device: checkDevice(name), onWarning: () => undefined });
  const step = await TrainingStep.create(runtime, config);
  const shape = [config.images * config.views, 3, size, size];
  const length = shape.reduce((product, extent) => product * extent);
  const losses: number[] = [];
  for (let k = 1; k <= Number(values.steps); k++) {
    const data = Float32Array.from({ length }, (_, i) => Math.sin(i * 0.37 + k) * Math.cos(i * 0.011 * k));
    losses.push(step.loss.report(await step.run({ data, shape }, 0.03, k, step.reads)).loss);
  }
  const seconds = (performance.now() - started) / 1000;
  return { device: runtime.device, adapter: runtime.adapter ?? 'cpu', seconds, losses };
}

/** What this program reports about a device when Deno runs it. */
function inDeno(device: string): Row {
  const deno = join(dirname(createRequire(import.meta.url).resolve('deno/package.json')), 'bin.cjs');
  const args = [deno, 'run', '--allow-all', '--no-lock', '--quiet', ...process.argv.slice(1), '--device', device];
  // Without XDG_RUNTIME_DIR Mesa prints a complaint for every adapter.
  const env = { XDG_RUNTIME_DIR: tmpdir(), ...process.env };
  const { stdout } = spawnSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], env });
  return JSON.parse(stdout);
}
