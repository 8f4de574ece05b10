import { givenOptions } from '../base/options.ts';
import { isA } from '../base/values.ts';
import { bytesAt } from '../data/bytes-at.ts';
import type { RuntimeOptions } from '../runtime/runtime.ts';
import { Embedder, type EmbedderOptions } from './embedder.ts';
import { readEncoder } from './read-encoder.ts';

/** Which encoder, and how it is run. */
export interface CreateEmbedderOptions
  extends Partial<
    Pick<EmbedderOptions, keyof RuntimeOptions | 'placement' | 'precision' | 'workers' | 'workerUrl' | 'signal'>
  > {
  /** A file of `writeEncoder`: its bytes, its URL, in Node and Deno also its path. Default: the encoder that comes with the package. */
  readonly encoder?: Uint8Array | URL | string;
  /** Bytes of the encoder's file that have come, of how many; Infinity where the server does not say. Files are read at once. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * An embedder ready for use: `const embedder = await createEmbedder()`, then `await embedder.embed(image)`. The encoder that
 * comes with the package was trained on CIFAR-10 without labels (docs/encoder.md: figures, limits, licence).
 * @throws BagsslError `bad-data` if the file cannot be had; `aborted`; as `readEncoder` and `Embedder.create`
 */
export async function createEmbedder(options: CreateEmbedderOptions = {}): Promise<Embedder> {
  givenOptions(options, 'createEmbedder', 'encoder, device');
  const { encoder, onProgress, ...opening } = options;
  const [bytes] = await Promise.all([
    isA(encoder, 'Uint8Array')
      ? encoder
      : bytesAt(encoder ?? new URL('./encoder.safetensors', import.meta.url), {
          signal: opening.signal,
          onProgress,
        }),
    import('./encoder-program.ts'), // needed at once when the file is there
  ]);
  return Embedder.create({ ...(await readEncoder(bytes)), ...opening });
}
