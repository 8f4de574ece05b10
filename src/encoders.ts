/** `bagssl/encoders`: networks as plain data, by name or from an .onnx file. */
export { compact, type ModelConfig } from './model/config.ts';
export { describeModel, type ModelSize, type PartSize } from './model/describe.ts';
export type { EncoderConfig } from './model/encoder.ts';
export type { ConvConfig } from './model/encoders/conv.ts';
export type { DepthwiseConfig } from './model/encoders/depthwise.ts';
export { type OnnxConfig, patchSize } from './model/encoders/onnx.ts';
export type { ResNetConfig } from './model/encoders/resnet.ts';
export type { VitConfig } from './model/encoders/vit.ts';
export { encoders, projectors } from './model/presets.ts';
export type { ProjectorConfig } from './model/projector.ts';
export type { Weights } from './model/scope.ts';
