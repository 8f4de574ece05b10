import { type EncoderParts, PatchEncoder } from '../../src/embed.ts';
import { type CreateEmbedderOptions, createEmbedder, type Embedder } from '../../src/index.ts';

/** An embedder of an encoder given by its parts. */
export function openEmbedder(
  options: EncoderParts & Omit<CreateEmbedderOptions, 'encoder' | 'layout'>,
): Promise<Embedder> {
  const { model, weights, recipe, feature, placement, whitening, layout, ...engine } = options;
  return createEmbedder({
    ...engine,
    encoder: new PatchEncoder({ model, weights, recipe, feature, placement, whitening, layout }),
  });
}
