/** `bagssl/formats`: files of tensors and vectors. */
export { type FetchFileOptions, fetchFile } from './formats/fetch-file.ts';
export { npyHeader, readNpy, writeNpy } from './formats/npy.ts';
export { readSafetensors, type SafeTensor, writeSafetensors } from './formats/safetensors.ts';
export { readWeights } from './formats/weights.ts';
