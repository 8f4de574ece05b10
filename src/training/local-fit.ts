import { checkAborted } from '../base/aborted.ts';
import { BagsslError } from '../base/errors.ts';
import type { AugmentationSource, LoadedAugmentations } from '../patches/augmentations/load-own.ts';
import { JobPool } from '../patches/job-pool.ts';
import type { Device, DeviceChoice } from '../runtime/device.ts';
import { abandon } from '../runtime/ort.ts';
import { Runtime, runtimeOptions } from '../runtime/runtime.ts';
import { Batches } from './batches.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import type { Fit, FitOptions, Footing, Step } from './fit-options.ts';
import { allFinite, type GoodState, Recovery, type Remedy } from './recovery.ts';
import type { RunConfig } from './run-config.ts';
import { learningRate, Pace, type Position, progress } from './schedule.ts';
import { TrainingStep } from './training-step.ts';

/** The most steps in a row that may be skipped. In float16 the loss scale falls meanwhile. */
const SKIPS = { float32: 3, float16: 40 } as const;

interface Opened extends Footing {
  readonly runtime: Runtime;
  readonly step: TrainingStep;
  readonly pool: JobPool;
}

/** Training on this thread. */
export class LocalFit implements Fit {
  readonly history: HistoryEntry[];
  readonly #recovery = new Recovery();
  readonly #pace = new Pace();
  #config: RunConfig;
  #position: Position;
  #good: GoodState;
  #goodSince = performance.now();
  #skipped: number;
  #skippedInTurn = 0;
  #opened?: Promise<Opened>;
  #pool?: JobPool;
  #device: Device | undefined;
  #broken = false;
  #saidUnreadable = false;
  /** Ends with the step, or the copy of the state, at hand. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param config the run's, checked
   * @param checkResumed rejects code of the program's own that is not what the resumed run was trained with. A worker gets no
   * code, so its training needs no check, nor the hashes that it computes.
   */
  constructor(
    config: RunConfig,
    private readonly options: Omit<FitOptions, 'config'>,
    private readonly checkResumed: (before: RunConfig, now: RunConfig) => Promise<void> = async () => {},
  ) {
    const { resume } = options;
    this.#config = config;
    this.history = [...(resume?.history ?? [])];
    this.#skipped = this.history.at(-1)?.skipped ?? 0;
    this.#position = resume?.position ?? { step: 0, seconds: 0 };
    this.#good = { position: this.#position, state: resume?.state, entries: this.history.length };
  }

  get config(): RunConfig {
    return this.#config;
  }

  open(): Promise<Opened> {
    this.#opened ??= this.#open(this.options.device);
    return this.#opened;
  }

  async #open(device: DeviceChoice | undefined): Promise<Opened> {
    const { workers = 2, workerUrl, onWarning, resume } = this.options;
    if (resume && !this.#opened) await this.checkResumed(resume.config, this.#config);
    const runtime = await Runtime.open({ ...runtimeOptions(this.options), device });
    this.#device = runtime.device;
    const start = this.options.from?.weights;
    // First, for nothing frees a step whose workers do not start.
    this.#pool ??= await JobPool.create({ workers, workerUrl }, await this.#ownAugmentations(workers > 0));
    const step = await TrainingStep.create(runtime, this.#config, this.#good.state, onWarning, start);
    const { adapter, threads } = runtime;
    return { device: runtime.device, adapter, threads, precision: step.precision, runtime, step, pool: this.#pool };
  }

  async #ownAugmentations(workers: boolean): Promise<LoadedAugmentations | undefined> {
    const { augmentations = [], recipe } = this.#config;
    if (augmentations.length === 0 && ![recipe, ...(recipe.views ?? [])].some(({ own }) => own)) return undefined;
    const { loadForRecipe } = await import('../patches/augmentations/load-own.ts');
    // A part would be a missing one, which has been refused.
    return loadForRecipe(augmentations as readonly AugmentationSource[], workers, recipe);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Step, void, void> {
    while (progress(this.#config, this.#position) < 1) {
      try {
        yield* this.#steps();
        return;
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  /** The steps until the end, or a fault. */
  async *#steps(): AsyncGenerator<Step, void, void> {
    const { options } = this;
    const { runtime, step, pool } = await this.open();
    const config = this.#config;
    const every = options.reportEvery ?? (runtime.device === 'webgpu' ? 10 : 1);
    const ahead = Math.max(1, options.workers ?? 2) + 1;
    const batches = new Batches(options.data, config, pool, this.#position.step, ahead, options.dataSeconds, (error) =>
      this.#sayUnreadable(error),
    );
    const { size } = config.recipe;
    const shape = [config.views * config.images, 3, size, size];
    let used = progress(config, this.#position);
    try {
      while (used < 1) {
        checkAborted(options.signal, `Training was stopped after step ${this.#position.step}.`);
        const started = performance.now();
        const batch = await batches.take();
        const waited = performance.now() - started;
        const rate = learningRate(config, this.#position);
        const number = this.#position.step + 1;
        const due =
          number % every === 0 || number === 1 || ('steps' in config.budget && number === config.budget.steps);
        const patches = { data: batch.data, shape };
        const reads = await this.#alone(() => step.run(patches, rate, number, due ? step.reads : [], used));
        const report = due ? this.#report(number, step, reads) : undefined;
        const ms = performance.now() - started;
        this.#position = { step: number, seconds: this.#position.seconds + this.#pace.count(ms) / 1000 };
        used = progress(config, this.#position);
        if (report) await this.#remember(step);
        yield {
          ...this.#position,
          progress: Math.min(1, used),
          epoch: Math.floor((number - 1) / batches.perEpoch),
          rate,
          patches: number * shape[0],
          ms,
          dataWaitMs: waited,
          report,
        };
      }
    } finally {
      batches.stop();
    }
  }

  /** Says it once a run: there may be thousands of damaged files, and the data set lists them. */
  #sayUnreadable({ message }: BagsslError): void {
    if (this.#saidUnreadable) return;
    this.#saidUnreadable = true;
    const { onWarning = console.warn } = this.options;
    onWarning(`An image cannot be read (${message}) Another takes its place, as for all such images of this run.`);
  }

  /** The history's next entry; undefined if the step is undone because it would spoil the state. */
  #report(number: number, step: TrainingStep, reads: Record<string, Float32Array>): HistoryEntry | undefined {
    const { loss, ...figures } = step.loss.report(reads);
    const half = step.precision === 'float16';
    if (!Number.isFinite(loss) || (reads.slope && !Number.isFinite(reads.slope[0]))) {
      if (!half) step.undo(); // in float16 the graph has already skipped it
      this.#skipped++;
      if (++this.#skippedInTurn <= SKIPS[step.precision]) return undefined;
      const what = Number.isFinite(loss) ? 'The gradients became infinite' : `The loss became ${loss}`;
      throw this.#diverged(`${what} at step ${number}`);
    }
    this.#skippedInTurn = 0;
    const entry: HistoryEntry = {
      step: number,
      loss,
      ...figures,
      collapse: reads.collapse[0],
      ...(half && { skipped: reads.skipped[0], lossScale: reads.lossScale[0] }),
      ...(!half && this.#skipped > 0 && { skipped: this.#skipped }),
    };
    this.history.push(entry);
    return entry;
  }

  /** Copies the state from time to time. */
  async #remember(step: TrainingStep): Promise<void> {
    if (performance.now() - this.#goodSince < 1000 * (this.options.rescueSeconds ?? 30)) return;
    const state = await step.read();
    if (!allFinite(state)) throw this.#spoilt();
    this.#good = { position: this.#position, state, entries: this.history.length };
    this.#goodSince = performance.now();
  }

  #spoilt(): BagsslError {
    return this.#diverged(`The weights are not finite after step ${this.#position.step}`);
  }

  #diverged(what: string): BagsslError {
    const reason = `${what} (learning rate ${this.#config.rate}).`;
    const advice = 'Start again from the last checkpoint with a lower rate or a longer warm-up.';
    return new BagsslError('diverged', `${reason} ${advice}`, { reason });
  }

  /** Returns to the last good state and reopens what training needs. Throws a fault it cannot recover from. */
  async #recover(error: unknown): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    const remedy = this.#recovery.remedy(error, this.#config, this.#device ?? 'wasm', this.#good);
    if (!remedy) {
      this.#broken ||= error instanceof BagsslError && error.code === 'diverged';
      throw error;
    }
    const { onWarning = console.warn } = this.options;
    onWarning(remedy.message);
    this.#config = remedy.config;
    this.#position = this.#good.position;
    this.history.length = this.#good.entries;
    this.#skippedInTurn = 0;
    this.#opened = this.#reopen(remedy, opened);
    await this.#opened.catch((failure) => {
      throw remedy.engine === 'spent' ? error : failure;
    });
  }

  async #reopen({ device, engine }: Remedy, opened: Opened | undefined): Promise<Opened> {
    await opened?.step.dispose().catch(() => undefined); // frees what it can if the engine has died
    if (engine === 'spent' && opened) abandon(opened.runtime.ort);
    if (engine !== 'doubtful' || device !== 'webgpu') return this.#open(device);
    for (let tries = 0; tries < 2; tries++) {
      try {
        return await this.#open('webgpu');
      } catch {
        if (tries === 0 && opened) abandon(opened.runtime.ort);
      }
    }
    const { onWarning = console.warn } = this.options;
    onWarning('The GPU did not come back: training goes on on wasm.');
    return this.#open('wasm');
  }

  /** A copy of the state in the middle of a step, or a step in the middle of a copy, would mix two states. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => undefined);
    return result;
  }

  checkpoint(): Promise<Checkpoint> {
    return this.#alone(async () => {
      if (this.#broken) throw new BagsslError('diverged', 'The run has diverged; its state is not worth keeping.');
      const { step } = await this.open();
      const found = { config: this.#config, position: this.#position, history: [...this.history] };
      const shapes = Object.fromEntries(step.state.map(({ name, shape }) => [name, shape]));
      const state = await step.read();
      if (!allFinite(state)) throw this.#spoilt();
      return { ...found, state, shapes };
    });
  }

  async dispose(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    await opened?.step.dispose();
    await this.#pool?.dispose();
    this.#pool = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
