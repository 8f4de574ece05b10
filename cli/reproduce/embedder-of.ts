import { type Feature, PatchEncoder } from '../../src/embed.ts';
import { createEmbedder, type Embedder } from '../../src/index.ts';
import type { Setting } from './setting.ts';
import type { Trained } from './train-all.ts';

/** An embedder of what was trained; a `size` other than its own gives the same weights more pixels. */
export function embedderOf(
  { engine }: Setting,
  trained: Trained,
  feature: Feature,
  size = trained.config.recipe.size,
): Promise<Embedder> {
  const encoder = PatchEncoder.from(trained, { feature });
  return createEmbedder({
    ...engine,
    onWarning: () => {}, // Training has already warned about the device.
    encoder: encoder.with({ recipe: { ...encoder.recipe, size } }),
  });
}
