import type { RunConfig, Schedule } from './run-config.ts';

/** How far a run has come. */
export interface Position {
  /** Steps taken. */
  readonly step: number;
  /** Seconds of training, over all sessions of the run. */
  readonly seconds: number;
}

/** Share of the budget used up, from 0; above 1 after its end. */
export function progress({ budget }: RunConfig, { step, seconds }: Position): number {
  return 'steps' in budget ? step / budget.steps : seconds / (budget.minutes * 60);
}

/** Learning rate of the step that follows `position`: a linear warm-up times the schedule's share of the peak. */
export function learningRate(config: RunConfig, position: Position): number {
  const warm = config.warmup ? Math.min(1, (position.step + 1) / config.warmup) : 1;
  return config.rate * warm * shareOfPeak(config.schedule, Math.min(1, progress(config, position)));
}

/** ½(1 + cos πt): from 1 to 0 as t goes from 0 to 1. */
export const halfCosine = (t: number): number => 0.5 * (1 + Math.cos(Math.PI * t));

/** Cosine: ½(1 + cos πt); constant: 1; step: factor^(how many of `at` are reached), t the share of the budget used. */
function shareOfPeak(schedule: Schedule, used: number): number {
  switch (schedule.kind) {
    case 'cosine':
      return halfCosine(used);
    case 'constant':
      return 1;
    case 'step':
      return schedule.factor ** schedule.at.filter((share) => used >= share).length;
  }
}

/** A step counts as interrupted if it is this many times as long as any before it and longer than this many milliseconds. */
const FACTOR = 10;
const LEAST_MS = 10_000;

/**
 * Counts training time. A sleeping laptop or a frozen tab makes one step last for hours, which must not use up a budget of
 * minutes. Such a step counts as long as the longest step before it.
 */
export class Pace {
  #longest = 0;

  /** How many of the milliseconds that a step took count as training. */
  count(ms: number): number {
    if (this.#longest > 0 && ms > LEAST_MS && ms > FACTOR * this.#longest) return this.#longest;
    this.#longest = Math.max(this.#longest, ms);
    return ms;
  }
}
