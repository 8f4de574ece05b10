/**
 * bagssl: image representations learnt on the user's own device, as a bag of patch embeddings. Works in browsers, Deno and Node.
 * This is what a first program needs; each sub-path has more of its subject, and a page that imports one pays for no other.
 */

export type { AnyImage, Bag, CreateEmbedderOptions, EmbedderOptions, EmbedOptions, Found, Images } from './embed.ts';
export { cosine, createEmbedder, Embedder, SearchIndex } from './embed.ts';
export { BagsslError, type ErrorCode } from './errors.ts';
export { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.ts';
export { type Diagnostics, diagnostics } from './runtime.ts';
export { browserStore, type Fit, type FitOptions, fit, openRun, type Step } from './train.ts';
export { VERSION } from './version.ts';
