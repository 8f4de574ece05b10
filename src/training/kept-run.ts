import { BagsslError, type ErrorCode } from '../base/errors.ts';
import { checkOptions, FUNCTION, fromZero, given, SWITCH } from '../base/options.ts';
import type { Checkpoint } from './checkpoint.ts';
import { newestIn, saveInto } from './checkpoint-store.ts';
import type { Step } from './fit-options.ts';
import type { RunStore } from './run-store.ts';

/** How often a run is saved. */
export interface KeepOptions {
  /** Save every `seconds` seconds, 0 or more; default 60. A killed program loses at most that much training. */
  readonly seconds?: number;
}

/** What a kept run needs from a training: its steps, and a checkpoint between two of them. */
export interface Trainable extends AsyncIterable<Step> {
  /** A checkpoint of the run. */
  checkpoint(): Promise<Checkpoint>;
}

/** How a store is opened. */
export interface OpenRunOptions {
  /** Start over, even if the store holds a run: `found` is undefined, and the first save replaces the old run. */
  readonly overwrite?: boolean;
  /** Receives warnings: a damaged checkpoint, or a failed save that will be retried; default console.warn. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Locks a run's store for this program and finds its newest intact checkpoint. `for await (const step of run.keep(fit({ data,
 * resume: run.found })))` then trains and saves as it goes. Close it when done.
 * @throws BagsslError `run-busy` if another program or page holds it; `bad-checkpoint` if no checkpoint in it is intact
 */
export async function openRun(store: RunStore, options: OpenRunOptions = {}): Promise<KeptRun> {
  const made = 'a run store, such as folderStore (bagssl/node) makes of a path, browserStore of a name';
  given(typeof store?.lock === 'function', store, 'store', made);
  checkOptions('openRun', options, { overwrite: SWITCH, onWarning: FUNCTION });
  const { overwrite = false, onWarning = console.warn } = options;
  const release = await store.lock();
  try {
    const found = overwrite ? undefined : await newestIn(store, onWarning);
    return new KeptRun(store, release, found, onWarning);
  } catch (error) {
    await release();
    throw error;
  }
}

/** Faults that training itself notices at its next step and may recover from. */
const LEFT_TO_TRAINING: readonly ErrorCode[] = ['diverged', 'device-lost', 'out-of-memory'];

/** A run in a store that this program holds. */
export class KeptRun implements AsyncDisposable {
  #saving: Promise<void> = Promise.resolve();
  #soon = false;

  constructor(
    /** Where its checkpoints are stored. */
    readonly store: RunStore,
    private readonly release: () => Promise<void>,
    /** The newest intact checkpoint when the run was opened. */
    readonly found: Checkpoint | undefined,
    private readonly warn: (message: string) => void,
  ) {}

  /** Saves a checkpoint. Saves happen in the order of the calls. */
  save(checkpoint: Checkpoint): Promise<void> {
    const saved = this.#saving.then(() => saveInto(this.store, checkpoint));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Saves at the end of the current step. For when the program may be about to end. */
  saveSoon(): void {
    this.#soon = true;
  }

  /**
   * The steps of a training. Saves at intervals, when the page is hidden or left, when the training is aborted, and when the
   * training or the loop ends. If a save fails midway, training continues and the next save tries again.
   * @throws BagsslError `not-saved` if the last save fails
   */
  async *keep(training: Trainable, options: KeepOptions = {}): AsyncGenerator<Step, void, void> {
    checkOptions('keep', options, { seconds: fromZero() });
    const { seconds = 60 } = options;
    let saved = performance.now();
    let unsaved = false;
    let wreck = false;
    const save = async () => {
      this.#soon = false;
      await this.save(await training.checkpoint());
      saved = performance.now();
      unsaved = false;
    };
    const leaving = () => this.saveSoon();
    const page = globalThis.document as Document | undefined;
    page?.addEventListener('visibilitychange', leaving);
    globalThis.addEventListener?.('pagehide', leaving);
    try {
      for await (const step of training) {
        unsaved = true;
        yield step;
        if (this.#soon || performance.now() - saved >= seconds * 1000) {
          await save().catch((error: Error) => {
            const { code } = error as BagsslError;
            if (LEFT_TO_TRAINING.includes(code)) return;
            if (code !== 'not-saved') throw error;
            this.warn(`${error.message} Training continues; saving is tried again in ${seconds} seconds.`);
            saved = performance.now();
          });
        }
      }
    } catch (error) {
      wreck = !(error instanceof BagsslError && error.code === 'aborted');
      throw error;
    } finally {
      page?.removeEventListener('visibilitychange', leaving);
      globalThis.removeEventListener?.('pagehide', leaving);
      if (unsaved && !wreck) await save();
    }
  }

  /** Releases the store after the pending saves finish. */
  async close(): Promise<void> {
    await this.#saving;
    await this.release();
  }

  /** Releases the store. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
