/** `bagssl/graph`: an ONNX graph as a value: built with functions, differentiated, read from and written to .onnx files. */
export * from './graph/functions.ts';
export { gradients } from './graph/gradients.ts';
export type {
  Attribute,
  Attributes,
  DType,
  Facts,
  GradientContext,
  Graph,
  Node,
  Operator,
  Precision,
  Segment,
  Shape,
  Signature,
  TensorData,
  Value,
} from './graph/graph.ts';
export type { Outputs } from './graph/needed.ts';
export { createGraph } from './graph/ops/index.ts';
export { type ReadOptions, readOnnx } from './graph/read-onnx.ts';
export { stopGradient, withGradient } from './graph/with-gradient.ts';
export { OPSET, writeOnnx } from './graph/write-onnx.ts';
