import { unlessAborted } from '../base/aborted.ts';
import { checkOptions } from '../base/options.ts';
import { imageFrom } from '../data/image-from.ts';
import { checkBagPlacement } from '../encoder/bag-placement.ts';
import { PatchEncoder } from '../encoder/patch-encoder.ts';
import { Whitening } from '../encoder/whitening.ts';
import { chooseDevice } from '../runtime/choose-device.ts';
import { importBuild } from '../runtime/ort-modules.ts';
import { Embedder } from './embedder.ts';
import { CREATE_EMBEDDER_RULES, type CreateEmbedderOptions } from './embedder-options.ts';
import { encoderFrom, onnxBags, shippedEncoder } from './encoder-source.ts';
import { openBags } from './open-bags.ts';
import { ownEncoder } from './own-encoder.ts';

/** What has been loaded, for a module that is loaded later. */
const TOOLS = { PatchEncoder, Whitening, imageFrom, onnxBags, importBuild, chooseDevice };

/**
 * An embedder ready for use: `const embedder = await createEmbedder()`, then `await embedder.embed(image)`. It starts ONNX
 * Runtime and the workers, and compiles the network. The encoder that comes with the package sees whole
 * photographs, and was made without labels (docs/encoder.md: figures, limits, licence).
 * @throws BagsslError `bad-data` if the encoder's file cannot be read; `bad-checkpoint` if it is no encoder; `bad-argument`;
 * `shape-mismatch`; `bad-model` for a network of one batch size; `device-unavailable`; `worker-failed`; `aborted`
 */
export async function createEmbedder(options: CreateEmbedderOptions = {}): Promise<Embedder> {
  checkOptions('createEmbedder', options, CREATE_EMBEDDER_RULES);
  const { background, placement, layout, signal } = options;
  if (placement) checkBagPlacement(placement);
  return unlessAborted(
    signal,
    'Opening the embedder was stopped.',
    async () => {
      try {
        const source = options.encoder ?? ownEncoder();
        if (background) {
          const { openInBackground } = await import('./background-bags.ts');
          return new Embedder(...(await openInBackground(source, options, TOOLS)));
        }
        const found = options.encoder
          ? await encoderFrom(source, options)
          : await shippedEncoder(ownEncoder(), options);
        const laid = layout ? (await import('./laid-out.ts')).laidOut(found, layout) : found;
        const encoder = placement ? laid.with({ placement }) : laid;
        return new Embedder(encoder, ...(await openBags(encoder, options)));
      } catch (cause) {
        throw (await import('./no-encoder.ts')).notOpened(cause, options.encoder !== undefined);
      }
    },
    (late) => late.dispose(),
  );
}
