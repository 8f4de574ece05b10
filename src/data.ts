/** `bagssl/data`: images in, from files, arrays, pages and rules. */
export { type BuiltinScenesOptions, builtinScenes } from './data/builtin-scenes.ts';
export { type CifarBatch, cifarSet, readCifarBatch } from './data/cifar.ts';
export { decodeImage } from './data/decode.ts';
export type { DecodeOptions } from './data/decode-options.ts';
export { type DecodedSetOptions, decodedSet, type ImageSource } from './data/decoded-set.ts';
export type { Decoded, Decoder, DecoderRequest } from './data/decoder.ts';
export { imageFrom } from './data/image-from.ts';
export type { ImageHeader } from './data/image-header.ts';
export type { ImageSet, SkippedFile } from './data/image-set.ts';
export type { ImageType } from './data/image-type.ts';
export { type PixelSource, pixelsFrom } from './data/pixels-from.ts';
export { type ReadableSetOptions, readableSet } from './data/readable-set.ts';
export { skippedByReason } from './data/skipped-by-reason.ts';
export { parseShard, type Shard } from './data/subset.ts';
