/** What needs a file system: data sets in folders and checkpoints on disk; and altered copies, saved as JPEGs. For Node and Deno. */
export {
  type EmbeddedFile,
  type EmbedToFileOptions,
  embedToFile,
  idsFile,
  type SkippedImage,
} from './bag/embed-to-file.ts';
export { type OpenDataOptions, openData } from './data/open-data.ts';
export type { FollowLinks } from './data/walk-folder.ts';
export { type AlteredSetOptions, alteredSet } from './evaluation/altered-set.ts';
export type { SyncOptions } from './library/embed-into.ts';
export {
  type FolderIndex,
  type FolderIndexOptions,
  openFolderIndex,
  type Synced,
} from './library/folder-index.ts';
export { type ReadShardsOptions, readShards, type Shards } from './library/read-shards.ts';
export * from './onnx-encoder/inspect-onnx.ts';
export { onnxFiles } from './onnx-encoder/onnx-files.ts';
export { type OpenOnnxOptions, openOnnx as openOnnxEncoder } from './onnx-encoder/open-onnx.ts';
export { type LoadedEncoder, loadCheckpoint, loadEncoder, saveCheckpoint } from './training/checkpoint-folder.ts';
export { folderStore } from './training/folder-store.ts';
