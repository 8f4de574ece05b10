import { BagsslError, browserStore, type Fit, fit, openRun, type Step } from 'bagssl';
import type { ImageSet } from 'bagssl/data';
import { type Checkpoint, type Footing, type KeptRun, memoryStore } from 'bagssl/train';
import { MODULES } from '../common/engine.ts';
import { complain } from '../common/say.ts';
import type { Settings } from './settings.ts';

/** At most so much of a training is lost when the browser is killed. */
const KEEP_SECONDS = 15;

/** The one training of this site, kept in the browser's private files: it rests and goes on, here or after a reload. */
export class Session {
  /** The training as it stood when it last rested; undefined before the first. */
  checkpoint: Checkpoint | undefined;
  #run: KeptRun | undefined;
  #training: Fit | undefined;
  #resting = false;
  #stopped = false;
  /** Between the first and the last step. */
  #stepping = false;

  /** Finds what is kept. @throws BagsslError `run-busy` when another tab has it */
  async open(): Promise<void> {
    if (this.#run) return;
    this.#run = await openKept();
    this.checkpoint = this.#run.found;
  }

  /** Share of the training that rests which is done, 0 to 1; 0 where there is none. */
  get progress(): number {
    if (!this.checkpoint) return 0;
    const { config, position } = this.checkpoint;
    const { budget } = config;
    return Math.min(1, 'steps' in budget ? position.step / budget.steps : position.seconds / (60 * budget.minutes));
  }

  /** Whether the training can go on. */
  get unfinished(): boolean {
    return this.checkpoint !== undefined && this.progress < 1;
  }

  /** Whether it rests with its engine still open. */
  get warm(): boolean {
    return this.#training !== undefined;
  }

  /**
   * Trains until the end or until `rest` or `stop`, and saves. A training that rests goes on unless `fresh` says otherwise.
   * @param started is told what it runs on
   * @param recovered is told of each fault that the training survived
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

  /** Rests after the step under way. */
  rest(): void {
    this.#resting = true;
  }

  /** Rests, and gives memory and threads back. What has not even started is not waited for. */
  async stop(): Promise<void> {
    this.#resting = true;
    this.#stopped = true;
    if (!this.#stepping) await this.release();
  }

  /** Gives memory and threads back; the training can still go on. */
  async release(): Promise<void> {
    await this.#training?.dispose();
    this.#training = undefined;
  }

  /** After a fault the training goes on from what was saved. */
  async #recover(): Promise<void> {
    await this.release();
    await this.#run?.close();
    this.#run = undefined;
    await this.open().catch(() => undefined); // the fault itself is what the page should say
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

/** Where the browser keeps nothing, such as in some private windows, the training lives as long as the page. */
async function inMemory(cause: unknown): Promise<KeptRun> {
  complain(new BagsslError('not-saved', cause instanceof Error ? cause.message : String(cause)));
  return openRun(memoryStore('demo-learn'));
}
