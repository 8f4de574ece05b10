/** `bagssl/export`: trained encoders and training steps as files for other engines. */
export { type ExportEmbedderOptions, exportEmbedder } from './export/embedder.ts';
export { exportEncoder } from './export/encoder.ts';
export { type ExportedSplitStep, exportSplitStep, type SplitStepManifest } from './export/split-step.ts';
export { type ExportedStep, exportStep, type StepManifest } from './export/step.ts';
export { exportWeights } from './export/weights.ts';
