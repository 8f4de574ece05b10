import { BagsslError } from '../base/errors.ts';
import { objectiveOf } from '../objectives/choice.ts';
import type { Device, DeviceChoice } from '../runtime/device.ts';
import type { State } from '../runtime/resident-state.ts';
import type { RunConfig } from './run-config.ts';
import type { Position } from './schedule.ts';

/** How many faults in a row, without progress, are handled alike. After that wasm replaces a lost GPU, and others are thrown. */
const ATTEMPTS = 3;

/** A good state to return to. */
export interface GoodState {
  readonly position: Position;
  /** Undefined: the initial state, drawn from the seed. */
  readonly state: State | undefined;
  /** Entries of the history up to this state. */
  readonly entries: number;
}

/** How training continues after a fault. */
export interface Remedy {
  readonly config: RunConfig;
  readonly device: DeviceChoice;
  /** The engine's state: a lost GPU may have ended it, and wasm that ran out of memory never frees what it took. */
  readonly engine: 'sound' | 'doubtful' | 'spent';
  /** The warning to show. */
  readonly message: string;
}

/**
 * How training recovers from faults. It reopens a lost GPU, halves the rate after a divergence, and cuts a batch
 * into at least four times the slices when memory runs out. Each time it continues from the last good state.
 */
export class Recovery {
  #tries = 0;
  #furthest = -1;

  /** Undefined if training cannot recover. */
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

/** At least four times the slices, each of two or more patches; undefined if the batch cannot be divided so. */
function nextSlices({ images, views, slices, objective }: RunConfig): number | undefined {
  const rows = images * views;
  if (objectiveOf(objective).wholeBatch) return undefined;
  for (let next = 4 * slices; 2 * next <= rows; next++) if (rows % next === 0) return next;
  return undefined;
}

/** Whether every value is finite. */
export const allFinite = (state: State): boolean => Object.values(state).every((data) => data.every(Number.isFinite));
