/** `bagssl/embed`: images into bags of patch embeddings, what is made of bags, and the file a patch encoder is kept in. */
export type { Bag, PatchBox, PatchMap } from './bag/bag.ts';
export { BagMean, type BagOptions } from './bag/bag-mean.ts';
export { type BagPlacement, type DensePlacement, parseBagPlacement } from './bag/bag-placement.ts';
export { cosine } from './bag/cosine.ts';
export { type CreateEmbedderOptions, createEmbedder } from './bag/create-embedder.ts';
export { Embedder, type EmbedderOptions, type EmbedOptions } from './bag/embedder.ts';
export { FEATURES, type Feature } from './bag/feature.ts';
export type { Images } from './bag/images-of.ts';
export type { PatchEncoder } from './bag/patch-encoder.ts';
export { readEncoder } from './bag/read-encoder.ts';
export { type Found, SearchIndex } from './bag/search-index.ts';
export { Whitening, type WhiteningOptions } from './bag/whitening.ts';
export { writeEncoder } from './bag/write-encoder.ts';
export type { Matrix } from './base/matrix.ts';
export type { AnyImage } from './data/image-from.ts';
