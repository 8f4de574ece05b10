import type { OnnxModel } from './onnx-proto.ts';
import { writeModel } from './write-onnx.ts';

/** The oldest opset whose operators mean what the rules in ops/ state, and the format's version it came with. */
const OLDEST = 13;
/** Operators that are younger. */
const SINCE: Readonly<Record<string, number>> = { HardSwish: 14, LayerNormalization: 17 };

/**
 * Serialises a model for whatever ONNX Runtime there is: in the oldest opset that has its operators. Opset 13 runs on ONNX
 * Runtime 1.7 and newer (SynapseML 1.0 holds 1.8.1), opset 17 on 1.12 and newer.
 */
export function portableOnnx(model: OnnxModel): Uint8Array {
  const opset = Math.max(OLDEST, ...model.graph.node.map(({ opType }) => SINCE[opType] ?? OLDEST));
  model.opsetImport[0].version = opset;
  model.irVersion = opset < 15 ? 7 : 8;
  return writeModel(model);
}
