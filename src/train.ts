/** `bagssl/train`: runs, and how they are configured, stored and resumed. */

export { type AdaptOptions, adaptEncoder } from './adaptation/adapt-encoder.ts';
export { type AdaptOnnxOptions, adaptOnnx } from './adaptation/adapt-onnx.ts';
export type { Adaptation, LearningOptions } from './adaptation/adaptation.ts';
export type { Steadiness } from './adaptation/steadiness.ts';
export type { OwnPart } from './base/own-part.ts';
export * from './optimizers/choice.ts';
export type { Optimizer, Update, UpdateContext } from './optimizers/optimizer.ts';
export type { State } from './runtime/resident-state.ts';
export { browserStore } from './training/browser-store.ts';
export { runConfig } from './training/checked-config.ts';
export {
  type Checkpoint,
  decodeCheckpoint,
  type EncodedCheckpoint,
  encodeCheckpoint,
  type HistoryEntry,
} from './training/checkpoint.ts';
export { fit } from './training/fit.ts';
export type { Fit, FitOptions, Footing, Step } from './training/fit-options.ts';
export { initialWeights } from './training/initial-weights.ts';
export { type KeepOptions, type KeptRun, type OpenRunOptions, openRun, type Trainable } from './training/kept-run.ts';
export type { RunChanges, RunConfig, Schedule } from './training/run-config.ts';
export { runPresets } from './training/run-presets.ts';
export { memoryStore, type RunStore } from './training/run-store.ts';
export type { Position } from './training/schedule.ts';
