import type { Embedder } from '../bag/embedder.ts';
import type { CreateEmbedderOptions } from '../bag/embedder-options.ts';
import type { BagsslError } from '../base/errors.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { processors } from '../threads/node-threads.ts';
import { NEIGHBOURS } from './embed-into.ts';

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
  { threads = Math.min(4, processors()), workers = 2 }: CreateEmbedderOptions,
  open: Open,
): Promise<Embedder[]> {
  const isNetwork = 'weights' in encoder && typeof encoder.model.encoder.kind === 'string';
  if (pictures < WORTH_WORKERS || threads < 2 || !isNetwork) return [];
  const count = Math.min(threads, Math.ceil(pictures / NEIGHBOURS));
  const shared = { background: true, threads: 1, workers: Math.ceil(workers / count) };
  const first = await open(shared).catch((error: BagsslError) => {
    // Where workers do not start, the calling thread embeds.
    if (error.code === 'worker-failed') return undefined;
    throw error;
  });
  if (!first) return [];
  const { device } = first.engine;
  if (device === 'webgpu') {
    await first.dispose();
    return [];
  }
  // The first one has said what there is to say of the engine. Where memory is short, fewer will do.
  const silent = { ...shared, device, onWarning: () => undefined };
  const others = Array.from({ length: count - 1 }, () => open(silent).catch(() => undefined));
  return [first, ...(await Promise.all(others)).filter((embedder) => embedder !== undefined)];
}
