import { compileAnyBatch } from '../engine/compile.ts';
import type { Precision } from '../graph/graph.ts';
import type { Outputs } from '../graph/needed.ts';
import { checkModel } from '../model/config.ts';
import { encoderKinds } from '../model/encoders/index.ts';
import type { EncoderKind } from '../model/encoders/kind.ts';
import type { OnnxConfig } from '../model/encoders/onnx.ts';
import type { Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { encoderGraph } from './encoder-graph.ts';
import type { WholeEncoder } from './encoder-parts.ts';

// A page loads them together.
export { checkModel } from '../model/config.ts';
export { readEncoder } from './read-encoder.ts';

/** A trained encoder ready to run. */
export interface EncoderProgram {
  /** `patches` [batch, 3, size, size] to one feature [batch, width]. */
  readonly program: Program;
  readonly width: number;
  /** What the network computes in. */
  readonly precision: Precision;
  /** The same as a graph of one patch. */
  readonly patch: () => Outputs;
}

/**
 * Compiles an encoder. A module apart: what writes graphs is half of what a page would load at first, and can come while ONNX
 * Runtime does.
 * @param onnx what reads an .onnx encoder, for a network that has one
 * @throws BagsslError `bad-checkpoint`, `shape-mismatch`; `bad-model` for a network of one batch size
 */
export async function encoderProgram(
  runtime: Runtime,
  encoder: WholeEncoder,
  precision: Precision,
  onnx?: EncoderKind<OnnxConfig>,
): Promise<EncoderProgram> {
  const kinds = onnx ? { ...encoderKinds, onnx } : encoderKinds;
  checkModel(encoder.model, encoder.recipe.size, kinds);
  const program = await compileAnyBatch(runtime, (batch) => encoderGraph(encoder, batch, { precision, kinds }));
  const patch = () => encoderGraph(encoder, 1, { precision, kinds });
  return { program, width: patch()[encoder.feature].shape[1], precision, patch };
}
