import type { ImageSet } from '../../src/data.ts';
import type { Embedder } from '../../src/index.ts';
import { Embedder as Opened } from '../../src/index.ts';
import type { Runtime } from '../../src/runtime.ts';
import type { Progress } from '../progress.ts';
import type { EngineOptions } from '../shared.ts';
import type { Trained } from './train-all.ts';

/** What all experiments share. */
export interface Setting {
  readonly engine: EngineOptions;
  readonly runtime: Runtime;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** An embedder of what was trained; `size` other than its own gives the same weights more pixels. */
export function embedderOf(
  { engine }: Setting,
  { config, state }: Trained,
  feature: Embedder['feature'],
  size = config.model.size,
): Promise<Embedder> {
  return Opened.create({
    ...engine,
    // What there was to say about the device has been said.
    onWarning: () => {},
    model: { ...config.model, size },
    recipe: { ...config.recipe, size },
    weights: state,
    feature,
  });
}

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
