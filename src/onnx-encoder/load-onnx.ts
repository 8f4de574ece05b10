import { withExternalData } from '../graph/import/with-external-data.ts';
import { filesBeside } from './files-beside.ts';
import { modelSignature } from './model-signature.ts';

/** How a file is loaded. */
export interface LoadOnnxOptions {
  /** Keep what comes from the network: in Node and Deno in this folder, or the user's own; default true. */
  readonly cache?: boolean | string;
  /** Stops it with an `aborted` error. */
  readonly signal?: AbortSignal;
  /** Called with the bytes received and their total; Infinity if the server does not state it. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * An .onnx model at a URL, or in Node and Deno at a path, to train: in one file, with the data that it keeps in files beside it, as
 * PyTorch writes them (`model.onnx.data`). No other file is read.
 * @throws BagsslError `bad-data` for an address that cannot be read; `bad-model` for a file of data that is shorter than the model
 * says, or outside its folder; `aborted`
 */
export async function loadOnnx(
  address: URL | string,
  { cache = true, signal, onProgress }: LoadOnnxOptions = {},
): Promise<Uint8Array> {
  const beside = await filesBeside(address, { cache, signal, onProgress });
  const model = await beside.model();
  const files: Record<string, Uint8Array> = {};
  for (const [name, least] of modelSignature(model, beside.name).files) files[name] = await beside.data(name, least);
  return Object.keys(files).length > 0 ? withExternalData(model, files) : model;
}
