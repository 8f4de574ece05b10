/**
 * bagssl: image representations learnt on the user's own device, as a bag of patch embeddings. Works in browsers, Deno and Node.
 * This is what a first program needs; each sub-path has more of its subject, and a page that imports one pays for no other.
 */

export type { Bag } from './bag/bag.ts';
export { createEmbedder } from './bag/create-embedder.ts';
export type { Embedder, EmbedOptions } from './bag/embedder.ts';
export type { CreateEmbedderOptions } from './bag/embedder-options.ts';
export type { Images } from './bag/images-of.ts';
export { cosine } from './bag/nearest.ts';
export { type Found, SearchIndex } from './bag/search-index.ts';
export { BagsslError, type ErrorCode } from './base/errors.ts';
export { VERSION } from './base/version.ts';
export type { AnyImage } from './data/image-from.ts';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluation/evaluate.ts';
export { type Diagnostics, diagnostics } from './runtime/diagnostics.ts';
export { browserStore } from './training/browser-store.ts';
export { fit } from './training/fit.ts';
export type { Fit, FitOptions, Step } from './training/fit-options.ts';
export { openRun } from './training/kept-run.ts';
