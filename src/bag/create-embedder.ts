import { unlessAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import { checkOptions } from '../base/options.ts';
import { imageFrom } from '../data/image-from.ts';
import { checkBagPlacement } from '../encoder/bag-placement.ts';
import { PatchEncoder } from '../encoder/patch-encoder.ts';
import { Whitening } from '../encoder/whitening.ts';
import { workerModules } from '../runtime/worker-modules.ts';
import { Embedder } from './embedder.ts';
import { CREATE_EMBEDDER_RULES, type CreateEmbedderOptions } from './embedder-options.ts';
import { encoderFrom, onnxBags, shippedEncoder } from './encoder-source.ts';
import { openBags } from './open-bags.ts';
import { ownEncoder } from './own-encoder.ts';

const ADVICE =
  "It is the package's own encoder: serve it there or set `encoder`. Vite's dev server needs optimizeDeps: { exclude: ['bagssl'] }, Next.js serverExternalPackages: ['bagssl'].";

/** What has been loaded, for a module that is loaded later. */
const TOOLS = { PatchEncoder, Whitening, imageFrom, onnxBags, workerModules };

/**
 * An embedder ready for use: `const embedder = await createEmbedder()`, then `await embedder.embed(image)`. It starts ONNX
 * Runtime and the workers, and compiles the network. The encoder that comes with the package sees whole
 * photographs, and was made without labels (docs/encoder.md: figures, limits, licence).
 * @throws BagsslError `bad-data` if the encoder's file cannot be read; `bad-checkpoint` if it is no encoder; `bad-argument`;
 * `shape-mismatch`; `bad-model` for a network of one batch size; `device-unavailable`; `worker-failed`; `aborted`
 */
export async function createEmbedder(options: CreateEmbedderOptions = {}): Promise<Embedder> {
  checkOptions('createEmbedder', options, CREATE_EMBEDDER_RULES);
  const { encoder: source = ownEncoder(), background, placement, signal } = options;
  if (placement) checkBagPlacement(placement);
  return unlessAborted(
    signal,
    'Opening the embedder was stopped.',
    async () => {
      try {
        if (background) {
          const { openInBackground } = await import('./background-bags.ts');
          return new Embedder(...(await openInBackground(source, options, TOOLS)));
        }
        const found = options.encoder
          ? await encoderFrom(source, options)
          : await shippedEncoder(ownEncoder(), options);
        const encoder = placement ? found.with({ placement }) : found;
        return new Embedder(encoder, ...(await openBags(encoder, options)));
      } catch (cause) {
        const { code, message } = cause as BagsslError;
        if (options.encoder || code !== 'bad-data') throw cause;
        throw new BagsslError(code, `${message} ${ADVICE}`, { cause });
      }
    },
    (late) => late.dispose(),
  );
}
