import type { ImageSet } from '../../src/data.ts';
import type { Runtime } from '../../src/runtime.ts';
import type { Progress } from '../progress.ts';
import type { EngineOptions } from '../shared.ts';

/** What all experiments share. */
export interface Setting {
  readonly engine: EngineOptions;
  readonly runtime: Runtime;
  readonly train: ImageSet;
  readonly test: ImageSet;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Seconds that `work` takes. */
export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}
