/** `bagssl/embed`: trained encoders, the bags of patch embeddings they make of images, and what is made of bags. */
export type { Bag, PatchMap } from './bag/bag.ts';
export { BagMean, type BagOptions, type PatchBox } from './bag/bag-mean.ts';
export { createEmbedder } from './bag/create-embedder.ts';
export { type DuplicateGroup, type DuplicateOptions, findDuplicates } from './bag/duplicates.ts';
export type { Embedder, EmbedOptions } from './bag/embedder.ts';
export type { CreateEmbedderOptions, EncoderSource } from './bag/embedder-options.ts';
export type { Images, OnError } from './bag/images-of.ts';
export { cosine } from './bag/nearest.ts';
export { type Found, type ImageId, SearchIndex } from './bag/search-index.ts';
export type { Matrix } from './base/matrix.ts';
export type { AnyImage, PlainPixels } from './data/image-from.ts';
export type { BagLayout, PartLayout } from './encoder/bag-layout.ts';
export {
  type BagPlacement,
  type DensePlacement,
  parseBagPlacement,
  type WholePlacement,
} from './encoder/bag-placement.ts';
export type { Block, BlockLayout, Projection } from './encoder/block-layout.ts';
export {
  type EncoderParts,
  type EncoderUse,
  FEATURES,
  type Feature,
  type TrainedRun,
  type WholeEncoder,
} from './encoder/encoder-parts.ts';
export { PatchEncoder } from './encoder/patch-encoder.ts';
export { Whitening, type WhiteningOptions } from './encoder/whitening.ts';
export type { ElementType, InputPlan } from './onnx-encoder/input-plan.ts';
export type { OnnxEncoder, OnnxParts } from './onnx-encoder/onnx-encoder.ts';
export type { OnnxInput, OnnxOptions } from './onnx-encoder/onnx-options.ts';
export type { OutputPlan } from './onnx-encoder/output-plan.ts';
