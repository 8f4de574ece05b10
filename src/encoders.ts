/** `bagssl/encoders`: networks as plain data, by name or from an .onnx file. */
export type { Rule, Rules } from './base/options.ts';
export { withExternalData } from './graph/import/with-external-data.ts';
export { batchNorm, batchNormAddRelu, batchNormRelu } from './model/batch-norm.ts';
export { compact, type ModelConfig } from './model/config.ts';
export { describeModel, type ModelSize, type PartSize } from './model/describe.ts';
export type { EncoderConfig, OwnEncoder } from './model/encoder.ts';
export * from './model/encoders/index.ts';
export type { EncoderKind } from './model/encoders/kind.ts';
export { type OnnxConfig, patchSize } from './model/encoders/onnx.ts';
export { type ConvolutionOptions, convolution, type LinearOptions, layerNorm, linear } from './model/layers.ts';
export { type ProjectorConfig, projectors } from './model/projector.ts';
export { type Init, Scope, type Statistic, type TensorSpec, type Weights } from './model/scope.ts';
export { type LoadOnnxOptions, loadOnnx } from './onnx-encoder/load-onnx.ts';
