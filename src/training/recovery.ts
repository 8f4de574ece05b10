import { BagsslError } from '../base/errors.ts';
import { objectiveOf } from '../objectives/choice.ts';
import type { Device, DeviceChoice } from '../runtime/device.ts';
import type { State } from '../runtime/resident-state.ts';
import type { RunConfig } from './run-config.ts';
import type { Position } from './schedule.ts';

/** How often in a row a fault is answered without progress; then it is the caller's. */
const ATTEMPTS = 3;

/** A state worth going back to. */
export interface GoodState {
  readonly position: Position;
  /** Undefined: the one that the seed decides. */
  readonly state: State | undefined;
  /** Entries of the history until then. */
  readonly entries: number;
}

/** How training continues after a fault. */
export interface Remedy {
  readonly config: RunConfig;
  readonly device: DeviceChoice;
  /** Whether the engine may have ended: a GPU that was lost takes it along, wasm out of memory never gets back what it had. */
  readonly engine: 'sound' | 'doubtful' | 'spent';
  /** What to say. */
  readonly message: string;
}

/**
 * What to do about the faults that training survives: a lost GPU is opened again, a divergence halves the rate, a lack of memory
 * quadruples the slices. Each continues from the last good state.
 */
export class Recovery {
  #tries = 0;
  #furthest = -1;

  /** Undefined where nothing can be done. */
  remedy(error: unknown, config: RunConfig, device: Device, good: GoodState): Remedy | undefined {
    if (!(error instanceof BagsslError)) return undefined;
    if (good.position.step > this.#furthest) this.#tries = 0;
    this.#furthest = Math.max(this.#furthest, good.position.step);
    this.#tries++;
    const from = `Training continues from step ${good.position.step}`;
    if (error.code === 'device-lost') {
      const next = this.#tries > ATTEMPTS ? 'wasm' : device;
      const message = `${error.reason} ${from}${next === 'wasm' ? ' on wasm' : ''}.`;
      return { config, device: next, engine: 'doubtful', message };
    }
    if (error.code === 'diverged' && this.#tries <= ATTEMPTS) {
      const rate = config.rate / 2;
      return {
        config: { ...config, rate },
        device,
        engine: 'sound',
        message: `${error.reason} ${from} with half the learning rate, ${rate}.`,
      };
    }
    const slices = nextSlices(config);
    if (error.code === 'out-of-memory' && slices) {
      return {
        config: { ...config, slices },
        device,
        engine: device === 'wasm' ? 'spent' : 'sound',
        message: `There was not enough memory. ${from} with batches in ${slices} slices; batch norm sees one at a time.`,
      };
    }
    return undefined;
  }
}

/** At least four times the slices, of two patches or more; undefined where a batch has no such number. */
function nextSlices({ images, views, slices, objective }: RunConfig): number | undefined {
  const rows = images * views;
  if (objectiveOf(objective).wholeBatch) return undefined;
  for (let next = 4 * slices; 2 * next <= rows; next++) if (rows % next === 0) return next;
  return undefined;
}

/** Whether no value is infinite or not a number. */
export const allFinite = (state: State): boolean => Object.values(state).every((data) => data.every(Number.isFinite));
