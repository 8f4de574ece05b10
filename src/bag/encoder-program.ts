import { compileAnyBatch } from '../engine/compile.ts';
import type { Precision } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { checkModel } from '../model/config.ts';
import { encoderKinds } from '../model/encoders/index.ts';
import type { EncoderKind } from '../model/encoders/kind.ts';
import type { OnnxConfig } from '../model/encoders/onnx.ts';
import { averagedWeights } from '../optimizers/averaged-weights.ts';
import type { Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { featureGraph } from './feature-graph.ts';
import type { PatchEncoder } from './patch-encoder.ts';

/** A trained network ready to run. */
export interface EncoderProgram {
  /** `patches` [batch, 3, size, size] to one feature [batch, width]. */
  readonly program: Program;
  readonly width: number;
  /** The same as a graph of one patch. */
  readonly patch: () => Outputs;
}

/**
 * Compiles a network for one of its features. A module apart, because what writes graphs is half of what a page would load at
 * first, and can come while ONNX Runtime does.
 * @param onnx what reads an .onnx encoder, for a model that has one
 * @throws BagsslError `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export async function encoderProgram(
  runtime: Runtime,
  { model, weights, recipe, feature, whitening }: Omit<PatchEncoder, 'placement'>,
  precision: Precision,
  onnx?: EncoderKind<OnnxConfig>,
): Promise<EncoderProgram> {
  const kinds = onnx ? { ...encoderKinds, onnx } : encoderKinds;
  checkModel(model, recipe.size, kinds);
  const averaged = averagedWeights(weights);
  const graph = (batch: number) =>
    featureGraph(model, averaged, recipe.size, feature, batch, { precision, whitening, kinds });
  const program = await compileAnyBatch(runtime, graph);
  return { program, width: graph(1)[feature].shape[1], patch: () => graph(1) };
}
