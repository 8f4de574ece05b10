import type { Embedder } from '../bag/embedder.ts';
import type { CreateEmbedderOptions } from '../bag/embedder-options.ts';
import type { BagsslError } from '../base/errors.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { processors } from '../threads/node-threads.ts';

/** Pictures from which on workers pay for their start, half a second each. */
const WORTH_WORKERS = 100;

/** Opens an embedder whose options are the caller's but for these. */
export type Open = (options?: CreateEmbedderOptions) => Promise<Embedder>;

/**
 * Embedders for many pictures, in workers: one for each thread, with one thread each. On a network as small as ours this is faster than
 * ONNX Runtime's own threads, which wait for each other after every layer. None where a single embedder does better: for few pictures,
 * on a GPU, for an encoder that is an .onnx file and may be large, and for one that is code.
 */
export async function embeddersInWorkers(
  pictures: number,
  encoder: PatchEncoder | OnnxEncoder,
  { threads = Math.min(4, processors()) }: CreateEmbedderOptions,
  open: Open,
): Promise<Embedder[]> {
  const isNetwork = 'weights' in encoder && typeof encoder.model.encoder.kind === 'string';
  if (pictures < WORTH_WORKERS || threads < 2 || !isNetwork) return [];
  const first = await inWorker(open, {});
  if (!first) return [];
  const { device } = first.engine;
  if (device === 'webgpu') {
    await first.dispose();
    return [];
  }
  // The first one has said what there is to say of the engine.
  const others = Array.from({ length: threads - 1 }, () => inWorker(open, { device, onWarning: () => undefined }));
  return [first, ...(await Promise.all(others)).filter((embedder) => embedder !== undefined)];
}

/** Undefined where workers do not start. */
function inWorker(open: Open, options: CreateEmbedderOptions): Promise<Embedder | undefined> {
  return open({ ...options, background: true, threads: 1 }).catch((error: BagsslError) => {
    if (error.code === 'worker-failed') return undefined;
    throw error;
  });
}
