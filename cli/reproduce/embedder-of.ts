import { Embedder } from '../../src/index.ts';
import type { Setting } from './setting.ts';
import type { Trained } from './train-all.ts';

/** An embedder of what was trained; `size` other than its own gives the same weights more pixels. */
export function embedderOf(
  { engine }: Setting,
  { config, state }: Trained,
  feature: Embedder['feature'],
  size = config.recipe.size,
): Promise<Embedder> {
  return Embedder.create({
    ...engine,
    // What there was to say about the device has been said.
    onWarning: () => {},
    model: config.model,
    recipe: { ...config.recipe, size },
    weights: state,
    feature,
  });
}
