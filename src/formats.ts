/** `bagssl/formats`: files of tensors and vectors. */

export type { TensorData } from './formats/dtypes.ts';
export { type FetchFileOptions, fetchFile } from './formats/fetch-file.ts';
export { type NpyArray, npyHeader, readNpy, writeNpy } from './formats/npy.ts';
export { readWeights } from './formats/read-weights.ts';
export { readSafetensors, type SafeTensor, type Safetensors, writeSafetensors } from './formats/safetensors.ts';
