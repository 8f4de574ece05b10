/** bagssl: image representations learnt on the user's own device, as a bag of patch embeddings. Works in browsers, Deno and Node. */
export type { Bag, PatchBox, PatchMap } from './bag/bag.ts';
export { BagMean, type BagOptions } from './bag/bag-mean.ts';
export { type BagPlacement, type DensePlacement, parseBagPlacement } from './bag/bag-placement.ts';
export { cosine } from './bag/cosine.ts';
export { type CreateEmbedderOptions, createEmbedder } from './bag/create-embedder.ts';
export { Embedder, type EmbedderOptions, type EmbedOptions } from './bag/embedder.ts';
export { type PatchEncoder, readEncoder, writeEncoder } from './bag/encoder-file.ts';
export { FEATURES, type Feature } from './bag/feature-graph.ts';
export type { Images } from './bag/images-of.ts';
export type { Matrix } from './bag/matrix.ts';
export { type Found, SearchIndex } from './bag/search-index.ts';
export { Whitening, type WhiteningOptions } from './bag/whitening.ts';
export { builtinScenes } from './data/builtin.ts';
export { cifarSet, readCifarBatch } from './data/cifar.ts';
export { type DecodeOptions, decodeImage } from './data/decode.ts';
export { type DecodedSetOptions, decodedSet, type ImageSource } from './data/decoded-set.ts';
export { type AnyImage, imageFrom } from './data/image-from.ts';
export type { ImageSet } from './data/image-set.ts';
export { type PixelSource, pixelsFrom } from './data/pixels-from.ts';
export { parseShard, type Shard } from './data/shard.ts';
export { BagsslError, type ErrorCode } from './errors.ts';
export { agreement, centred, meanRow } from './evaluation/agreement.ts';
export { type ClosedForm, closedForm, type Optimum } from './evaluation/closed-form.ts';
export { type Accuracies, type EvaluateOptions, type Evaluation, evaluate } from './evaluation/evaluate.ts';
export { type GrowingBagOptions, type GrowingBags, growingBags } from './evaluation/growing-bag.ts';
export { KNN_PROTOCOLS, type KnnProtocol, knnAccuracies, type Labelled } from './evaluation/knn.ts';
export { type LinearProbeOptions, linearProbe } from './evaluation/linear-probe.ts';
export { locality } from './evaluation/locality.ts';
export { fitTable, type TableFit, type TableFitOptions } from './evaluation/table-fit.ts';
export { type ExportEmbedderOptions, exportEmbedder } from './export/embedder.ts';
export { type ExportedNetwork, exportEncoder } from './export/encoder.ts';
export { type ExportedStep, exportStep, type StepManifest } from './export/step.ts';
export { exportWeights } from './export/weights.ts';
export { type FetchFileOptions, fetchFile } from './formats/fetch-file.ts';
export { npyHeader, readNpy, writeNpy } from './formats/npy.ts';
export { readSafetensors, writeSafetensors } from './formats/safetensors.ts';
export { readWeights } from './formats/weights.ts';
export { compact, type ModelConfig } from './model/config.ts';
export { describeModel, type ModelSize } from './model/describe.ts';
export type { EncoderConfig } from './model/encoder.ts';
export { type OnnxConfig, patchSize } from './model/encoders/onnx.ts';
export { encoders, projectors } from './model/presets.ts';
export type { CoOccurrence } from './objectives/co-occurrence.ts';
export { parsePlacement } from './patches/check-placement.ts';
export { checkRecipe } from './patches/check-recipe.ts';
export type { JobImage, PatchBatch, PatchJob, PatchSource, Region } from './patches/job.ts';
export type { PatchParameters } from './patches/parameters.ts';
export type { Pixels } from './patches/pixels.ts';
export type { Placement } from './patches/placement.ts';
export { type CutOptions, PatchPool, type PoolOptions, type StreamOptions } from './patches/pool.ts';
export { presets } from './patches/presets.ts';
export { type Recipe, type ViewChanges, withoutAugmentation } from './patches/recipe.ts';
export {
  type Adapter,
  checkDevice,
  DEVICE_CHOICES,
  type Device,
  type DeviceChoice,
  findAdapter,
} from './runtime/device.ts';
export { PRECISION_CHOICES, type PrecisionChoice } from './runtime/precision.ts';
export { Runtime, type RuntimeOptions } from './runtime/runtime.ts';
export { browserStore } from './training/browser-store.ts';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type HistoryEntry } from './training/checkpoint.ts';
export { fit } from './training/fit.ts';
export type { Fit, FitOptions, Footing, Step } from './training/fit-options.ts';
export { initialWeights } from './training/initial-state.ts';
export { type KeepOptions, type KeptRun, openRun, type Trainable } from './training/kept-run.ts';
export { memoryStore } from './training/memory-store.ts';
export { OBJECTIVES, type RunConfig, type RunOverrides, runConfig, type Schedule } from './training/run-config.ts';
export { runPresets } from './training/run-presets.ts';
export type { RunStore } from './training/run-store.ts';
export { VERSION } from './version.ts';
