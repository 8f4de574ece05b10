import { parseArgs } from 'node:util';
import { shared } from '../src/base/shared.ts';
import { PatchEncoder } from '../src/embed.ts';
import type { ModelConfig } from '../src/encoders.ts';
import { type Forms, PLAIN } from '../src/graph/lowering/forms.ts';
import { createEmbedder } from '../src/index.ts';
import { presets } from '../src/patches.ts';
import { findAdapter, Runtime } from '../src/runtime.ts';
import { initialWeights, type RunConfig, runConfig, runPresets } from '../src/train.ts';
import { TrainingStep } from '../src/training/training-step.ts';
import { countGpuCalls, type GpuCalls } from './step/gpu-calls.ts';
import { anyPatches } from './step/share.ts';

/**
 * What training steps and embedding ask of a GPU, counted on any adapter in the forms of a real card. The counts depend neither on
 * the adapter nor on its load. `npm run bench -- launches --deno [--only PATTERN] [--json]`.
 */
const { values } = parseArgs({
  args: process.argv.slice(2),
  options: { only: { type: 'string', default: '' }, json: { type: 'boolean', default: false } },
});
const only = new RegExp(values.only);
const adapter = await findAdapter();
if ('none' in adapter) throw new Error(`There is no WebGPU adapter here: ${adapter.none}.`);
// An emulated GPU would get forms that suit it alone.
const info = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'info')!;
Object.defineProperty(GPUAdapter.prototype, 'info', { ...info, get: () => ({ vendor: 'plain' }) });
const forms: Forms = { ...PLAIN, sum: 'adds' };
shared('forms', () => new Map<string, Promise<Forms>>()).set('plain', Promise.resolve(forms));

const calls = countGpuCalls();
const rows: Record<string, unknown>[] = [];
function report(what: string, counted: GpuCalls): void {
  rows.push({ what, ...counted });
  if (!values.json) console.error(what, JSON.stringify(counted));
}

const tiny = { budget: { steps: 1 }, images: 4, views: 2 };
const steps: Record<string, Partial<RunConfig>> = {
  'the default run': {},
  'the default run in float16': { precision: 'float16' },
  // Narrow: widths do not change the count.
  'ResNet-18 with the head of EMP-SSL': {
    ...runPresets.empSsl,
    recipe: { ...runPresets.empSsl.recipe, size: 16 },
    model: {
      encoder: { ...runPresets.empSsl.model.encoder, width: 8 },
      projector: { hidden: [64, 64], out: 32, bias: true },
    },
  },
};
for (const [what, config] of Object.entries(steps)) {
  if (!only.test(what) || (config.precision === 'float16' && !adapter.halfFloats)) continue;
  const run = runConfig({ ...config, ...tiny });
  const runtime = await Runtime.open({ device: 'webgpu' });
  const step = await TrainingStep.create(runtime, run);
  let counted = calls();
  for (let k = 1; k <= 2; k++) {
    calls();
    await step.run(anyPatches(run), 0.01, k, step.reads);
    counted = calls();
  }
  report(`a step of ${what}`, counted);
  await step.dispose();
}

const pictures = (count: number, side: number) =>
  Array.from({ length: count }, (_, k) => ({
    data: Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * (k + 7)) % 251),
    width: side,
    height: side,
    layout: 'planar' as const,
  }));
const encoder = { kind: 'conv', residual: false, padding: 'valid', widths: [32, 64, 64, 128], strides: [1, 2, 1, 2] };
const model = { ...runConfig(tiny).model, encoder } as ModelConfig;
const dense = new PatchEncoder({
  model,
  recipe: presets.cifar16,
  weights: initialWeights(runConfig({ ...tiny, model })),
});
for (const [what, encoder, images, placement] of [
  ['one image by the encoder of the package', 'models/photos.safetensors', pictures(1, 128), undefined],
  ['32 images by the encoder of the package', 'models/photos.safetensors', pictures(32, 128), undefined],
  ['one image by an encoder of patches', 'models/cifar10.safetensors', pictures(1, 32), undefined],
  ['32 images by an encoder of patches', 'models/cifar10.safetensors', pictures(32, 32), undefined],
  ['the dense bag of one image', dense, pictures(1, 128), { kind: 'dense' as const }],
] as const) {
  if (!only.test(what)) continue;
  const embedder = await createEmbedder({ encoder, device: 'webgpu', workers: 0 });
  let counted = calls();
  for (let k = 0; k < 2; k++) {
    calls();
    await embedder.matrix(images, placement && { placement });
    counted = calls();
  }
  report(`embedding ${what}`, counted);
  await embedder.dispose();
}
if (values.json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else console.table(rows);
process.exit(0);
