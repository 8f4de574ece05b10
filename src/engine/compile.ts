import { shared } from '../base/shared.ts';
import { modelOfAnyBatch } from '../graph/any-batch.ts';
import type { Forms } from '../graph/lowering/forms.ts';
import { lower } from '../graph/lowering/lower.ts';
import type { Outputs } from '../graph/needed.ts';
import { writeModel, writeOnnx } from '../graph/write-onnx.ts';
import type { Capture, Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { measureForms } from './measure-forms.ts';

/**
 * wasm: measured on 2×2 to 16×16 positions, and fixed, so that a seed gives the same bits. Arithmetic is expensive there, so the
 * tiles' fewer products repay their transforms, for a trained encoder too.
 */
const ON_WASM: Forms = {
  smallest: 64,
  smallImages: ['tiles', 'columns', 'direct'],
  largeImages: ['direct'],
  oneImage: ['direct'],
  border: 0.2,
  zeros: 'skipped',
  spread: ['direct'],
  product: 'matmul',
  transpose: 'direct',
  sum: 'direct',
  relu: 'max',
};

/** Native: as wasm, but arithmetic is cheap, and ORT fuses a constant convolution, batch norm and Relu into one kernel. */
const ON_NATIVE: Forms = {
  ...ON_WASM,
  border: 1,
  smallImages: ['columns', 'direct'],
  constantKernels: ['direct'],
  relu: 'direct',
};

/**
 * Software GPUs: measured once (docs/speed.md) and fixed, as they are slow and uneven to measure. SwiftShader is slow at barriers,
 * which tiles in shared memory need, and at small products; lavapipe is not.
 */
const ON_SWIFTSHADER: Forms = {
  smallest: 32,
  smallImages: ['transposed', 'columns'],
  largeImages: ['transposed', 'columns', 'direct'],
  oneImage: ['columns', 'direct'],
  zeros: 'multiplied',
  spread: ['direct'],
  product: 'gemm',
  transpose: 'apart',
  sum: 'adds',
  relu: 'direct',
};
const ON_LAVAPIPE: Forms = {
  ...ON_SWIFTSHADER,
  smallImages: ['columns', 'direct'],
  largeImages: ['direct'],
  oneImage: ['direct'],
  border: 0.15,
  zeros: 'skipped',
  spread: ['columns'],
  product: 'matmul',
};

/** The fastest forms of every other adapter, as measured. */
const measured = shared('forms', () => new Map<string, Promise<Forms>>());

/** The forms that suit an engine. */
export async function formsOf(runtime: Runtime): Promise<Forms> {
  if (runtime.device !== 'webgpu') return runtime.device === 'wasm' ? ON_WASM : ON_NATIVE;
  const name = runtime.adapter!;
  if (/swiftshader/i.test(name)) return ON_SWIFTSHADER;
  if (/llvmpipe|lavapipe/i.test(name)) return ON_LAVAPIPE;
  let forms = measured.get(name);
  if (!forms) {
    forms = measureForms(runtime);
    measured.set(name, forms);
    forms.catch(() => measured.delete(name)); // a GPU may have been lost, or had no memory, for once
  }
  return forms;
}

/** How a model, lowered and as it was, is captured (capture/captured.ts). */
export type Capturing = (
  lowered: Outputs,
  plain: () => Promise<Program>,
  given: Outputs,
) => { head: Outputs; capture?: Capture };

/** Compiles a model in the forms that suit the engine; `capturing` for one that runs on a state that stays on a GPU. */
export async function compile(runtime: Runtime, outputs: Outputs, capturing?: Capturing): Promise<Program> {
  const lowered = lower(outputs, await formsOf(runtime));
  const plain = () => runtime.compile(writeOnnx(lowered));
  if (!capturing) return plain();
  const { head, capture } = capturing(lowered, plain, outputs);
  return runtime.compile(writeOnnx(head), [], capture);
}

/** Compiles a model of any batch size (the first axis of its one input) in the forms that suit the engine. */
export async function compileAnyBatch(runtime: Runtime, build: (batch: number) => Outputs): Promise<Program> {
  const forms = await formsOf(runtime);
  return runtime.compile(writeModel(modelOfAnyBatch((batch) => lower(build(batch), forms))));
}
