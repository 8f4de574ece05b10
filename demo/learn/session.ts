import { BagsslError, browserStore, type Fit, fit, openRun, type Step } from 'bagssl';
import type { ImageSet } from 'bagssl/data';
import { type Checkpoint, type Footing, type KeptRun, memoryStore } from 'bagssl/train';
import { MODULES } from '../common/engine.ts';
import { complain } from '../common/say.ts';
import type { Settings } from './settings.ts';

/** The most training time that is lost if the browser is killed. */
const KEEP_SECONDS = 15;

/** This site's one training, saved in the browser's private files: it pauses and resumes, here or after a reload. */
export class Session {
  /** The training when it last paused; undefined before the first. */
  checkpoint: Checkpoint | undefined;
  #run: KeptRun | undefined;
  #training: Fit | undefined;
  #resting = false;
  #stopped = false;
  /** Between the first and the last step. */
  #stepping = false;

  /** Opens the saved training. @throws BagsslError `run-busy` if another tab has it open */
  async open(): Promise<void> {
    if (this.#run) return;
    this.#run = await openKept();
    this.checkpoint = this.#run.found;
  }

  /** The share of the paused training that is done, 0 to 1; 0 if there is none. */
  get progress(): number {
    if (!this.checkpoint) return 0;
    const { config, position } = this.checkpoint;
    const { budget } = config;
    return Math.min(1, 'steps' in budget ? position.step / budget.steps : position.seconds / (60 * budget.minutes));
  }

  /** Whether the training can resume. */
  get unfinished(): boolean {
    return this.checkpoint !== undefined && this.progress < 1;
  }

  /** Whether it is paused with its engine still open. */
  get warm(): boolean {
    return this.#training !== undefined;
  }

  /**
   * Trains until the end or until `rest` or `stop`, and saves. Resumes a paused training unless `fresh`.
   * @param started called with the engine it runs on
   * @param recovered called for each fault that the training survived
   */
  async *train(
    data: ImageSet,
    { device, config }: Settings,
    fresh: boolean,
    started: (footing: Footing, fit: Fit) => void,
    recovered: (message: string) => void,
  ): AsyncGenerator<Step, void, void> {
    await this.open();
    if (fresh) {
      await this.release();
      this.checkpoint = undefined;
    }
    this.#resting = false;
    this.#stopped = false;
    const resume = this.checkpoint;
    const onWarning = (message: string) => (this.#stepping ? recovered : console.info)(message);
    const options = { data, device, config, resume, modules: MODULES, background: true, onWarning };
    this.#training ??= fit(options);
    const training = this.#training;
    try {
      const footing = await training.open();
      this.#stepping = true;
      started(footing, training);
      for await (const step of this.#run!.keep(training, { seconds: KEEP_SECONDS })) {
        yield step;
        if (this.#resting) break;
      }
      this.checkpoint = await training.checkpoint();
    } catch (error) {
      const { code } = error as BagsslError;
      if (this.#stopped && code === 'disposed') return;
      if (code === 'not-saved') this.checkpoint = await training.checkpoint();
      else await this.#recover();
      throw error;
    } finally {
      this.#stepping = false;
    }
    if (this.#stopped || !this.unfinished) await this.release();
  }

  /** Pauses after the current step. */
  rest(): void {
    this.#resting = true;
  }

  /** Pauses and frees memory and threads. It does not wait for a training that has not started yet. */
  async stop(): Promise<void> {
    this.#resting = true;
    this.#stopped = true;
    if (!this.#stepping) await this.release();
  }

  /** Frees memory and threads; the training can still resume. */
  async release(): Promise<void> {
    await this.#training?.dispose();
    this.#training = undefined;
  }

  /** After a fault, the training resumes from what was saved. */
  async #recover(): Promise<void> {
    await this.release();
    await this.#run?.close();
    this.#run = undefined;
    await this.open().catch(() => undefined); // the page should show the fault itself
  }
}

async function openKept(): Promise<KeptRun> {
  try {
    return await openRun(browserStore('demo-learn'));
  } catch (error) {
    if (!(error instanceof BagsslError)) return inMemory(error);
    if (error.code === 'bad-checkpoint') {
      complain(error);
      return openRun(browserStore('demo-learn'), { overwrite: true });
    }
    if (error.code === 'run-busy') throw error;
    return inMemory(error);
  }
}

/** If the browser saves nothing, as in some private windows, the training lasts as long as the page. */
async function inMemory(cause: unknown): Promise<KeptRun> {
  complain(new BagsslError('not-saved', cause instanceof Error ? cause.message : String(cause)));
  return openRun(memoryStore('demo-learn'));
}
