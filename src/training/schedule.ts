import type { RunConfig } from './run-config.ts';

/** How far a run has come. */
export interface Position {
  /** Steps taken. */
  readonly step: number;
  /** Seconds of training, over all sessions of the run. */
  readonly seconds: number;
}

/** Share of the budget that is used up, 0 to 1 and beyond. */
export function progress({ budget }: RunConfig, { step, seconds }: Position): number {
  return 'steps' in budget ? step / budget.steps : seconds / (budget.minutes * 60);
}

/** Learning rate of the step that follows `position`: linear warm-up times a cosine from 1 to 0 over the budget. */
export function learningRate(config: RunConfig, position: Position): number {
  const warm = config.warmup ? Math.min(1, (position.step + 1) / config.warmup) : 1;
  return config.rate * warm * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress(config, position))));
}
