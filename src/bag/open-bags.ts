import { sayOnce } from '../base/shared.ts';
import { seesWhole } from '../encoder/bag-layout.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { JobPool } from '../patches/job-pool.ts';
import { choosePrecision } from '../runtime/precision.ts';
import type { Engine } from '../runtime/program.ts';
import { Runtime, runtimeOptions } from '../runtime/runtime.ts';
import type { BagMaker } from './bag-maker.ts';
import type { CreateEmbedderOptions } from './embedder-options.ts';
import { blockBags, encoderProgram, onnxBags } from './encoder-source.ts';
import { PatchBags } from './patch-bags.ts';

/** What makes an encoder's bags, and what it runs on. */
export async function openBags(
  encoder: PatchEncoder | OnnxEncoder,
  options: CreateEmbedderOptions,
): Promise<[Engine, BagMaker]> {
  const { precision = 'float32', onWarning = sayOnce, workers = 2, workerUrl } = options;
  if ('notes' in encoder) {
    const [runtime, { OnnxBags }] = await Promise.all([Runtime.open(runtimeOptions(options)), onnxBags()]);
    return [runtime, await OnnxBags.open(runtime, encoder, options)];
  }
  const { layout } = encoder;
  if (seesWhole(layout)) {
    const [runtime, { BlockBags }] = await Promise.all([Runtime.open(runtimeOptions(options)), blockBags()]);
    const chosen = choosePrecision(runtime, precision, onWarning);
    return [runtime, await BlockBags.open(runtime, encoder, layout, chosen)];
  }
  const [runtime, { encoderProgram: compile }, own, layouts] = await Promise.all([
    Runtime.open(runtimeOptions(options)),
    encoderProgram(),
    encoder.model.encoder.kind === 'onnx' ? import('../model/encoders/onnx.ts') : undefined,
    layout === 'mean' ? undefined : import('./part-means.ts'),
  ]);
  const program = await compile(runtime, encoder, choosePrecision(runtime, precision, onWarning), own?.onnx);
  try {
    const pool = await JobPool.create({ workers, workerUrl });
    return [runtime, new PatchBags(encoder, runtime, program, pool, layouts?.partsOf(layout))];
  } catch (error) {
    await program.program.dispose();
    throw error;
  }
}
