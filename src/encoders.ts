/** `bagssl/encoders`: networks as plain data, by name or from an .onnx file. */
export { compact, type ModelConfig } from './model/config.ts';
export { describeModel, type ModelSize } from './model/describe.ts';
export type { EncoderConfig } from './model/encoder.ts';
export { type OnnxConfig, patchSize } from './model/encoders/onnx.ts';
export { encoders, projectors } from './model/presets.ts';
export type { Weights } from './model/scope.ts';
