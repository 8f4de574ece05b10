import type { ImageSet } from '../data/image-set.ts';
import { BagsslError } from '../errors.ts';
import { PatchPool } from '../patches/pool.ts';
import { Runtime, type RuntimeOptions } from '../runtime/runtime.ts';
import { Batches } from './batches.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import { type RunConfig, type RunOverrides, runConfig } from './run-config.ts';
import { learningRate, type Position, progress } from './schedule.ts';
import { TrainingStep } from './training-step.ts';

export interface FitOptions extends RuntimeOptions {
  readonly data: ImageSet;
  /** What differs from the default run, and the budget; with `resume`, the checkpoint's own configuration is kept. */
  readonly run?: RunOverrides;
  readonly resume?: Checkpoint;
  /** Workers that cut patches; default 2. 0 cuts them in this thread. */
  readonly workers?: number;
  readonly workerUrl?: URL | string;
  /** Report the loss every so many steps; default 1, on a GPU 10, where reading back makes the step wait. */
  readonly reportEvery?: number;
  /** Ends the run with an error ('aborted') before its next step; a checkpoint can still be taken. */
  readonly signal?: AbortSignal;
}

/** One step of training. */
export interface Step extends Position {
  /** Share of the budget used up, 0 to 1. */
  readonly progress: number;
  readonly epoch: number;
  readonly rate: number;
  /** Patches trained on so far, this session and earlier ones. */
  readonly patches: number;
  /** Wall time of the step and, within it, of waiting for patches, milliseconds. */
  readonly ms: number;
  readonly dataWaitMs: number;
  /**
   * Loss, its parts and the collapse figure, when this step reports them; in float16 also `skipped`, the steps whose gradients
   * overflowed and that changed nothing, this session and earlier ones, and the `lossScale` that follows.
   */
  readonly report?: HistoryEntry;
}

/**
 * Trains an encoder: `for await (const step of fit({ data, run: { budget: { steps: 500 } } }))`. Between steps
 * `checkpoint()` gives the whole run as a value. Leaving the loop keeps everything open for it; `dispose()` frees it.
 */
export function fit(options: FitOptions): Fit {
  return new Fit(options);
}

export class Fit implements AsyncIterable<Step>, AsyncDisposable {
  readonly config: RunConfig;
  readonly history: HistoryEntry[];
  #position: Position;
  #opened?: Promise<{ runtime: Runtime; step: TrainingStep; pool: PatchPool }>;
  #broken = false;

  constructor(private readonly options: FitOptions) {
    const { resume, run, data } = options;
    const config = resume ? runConfig({ ...resume.config, ...run }) : runConfig({ budget: { steps: 1000 }, ...run });
    if (data.length < 2) {
      throw new BagsslError('bad-data', `"${data.name}" holds ${data.length} images; training needs at least 2.`);
    }
    // A batch larger than the data set is cut down to it: the objectives need distinct images.
    this.config = { ...config, images: Math.min(config.images, data.length) };
    this.history = [...(resume?.history ?? [])];
    this.#position = resume?.position ?? { step: 0, seconds: 0 };
  }

  /** Opens the device and compiles the step; iterating does it on its own. */
  open() {
    this.#opened ??= this.#open();
    return this.#opened;
  }

  async #open() {
    const { config, options } = this;
    const runtime = await Runtime.open(options);
    const step = await TrainingStep.create(runtime, config, options.resume?.state, options.onWarning);
    const pool = await PatchPool.create({ workers: options.workers ?? 2, workerUrl: options.workerUrl });
    return { runtime, step, pool };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Step, void, void> {
    const { config, options } = this;
    const { runtime, step, pool } = await this.open();
    const every = options.reportEvery ?? (runtime.device === 'webgpu' ? 10 : 1);
    const batches = new Batches(options.data, config, pool, this.#position.step, Math.max(1, options.workers ?? 2) + 1);
    const size = config.model.size;
    const shape = [config.views * config.images, 3, size, size];
    let used = progress(config, this.#position);
    while (used < 1) {
      if (options.signal?.aborted) {
        throw new BagsslError('aborted', `Training was stopped after step ${this.#position.step}.`, {
          cause: options.signal.reason,
        });
      }
      const started = performance.now();
      const batch = await batches.take();
      const waited = performance.now() - started;
      const rate = learningRate(config, this.#position);
      const number = this.#position.step + 1;
      const due = number % every === 0 || number === 1 || ('steps' in config.budget && number === config.budget.steps);
      const reads = await step.run({ data: batch.data, shape }, rate, number, due ? step.reads : [], used);
      const report = due ? this.#report(number, step, reads) : undefined;
      const ms = performance.now() - started;
      this.#position = { step: number, seconds: this.#position.seconds + ms / 1000 };
      used = progress(config, this.#position);
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
  }

  #report(number: number, step: TrainingStep, reads: Record<string, Float32Array>): HistoryEntry {
    const entry: HistoryEntry = {
      step: number,
      ...step.loss.report(reads),
      collapse: reads.collapse[0],
      ...(step.precision === 'float16' && { skipped: reads.skipped[0], lossScale: reads.lossScale[0] }),
    };
    if (!Number.isFinite(entry.loss)) {
      this.#broken = true;
      throw new BagsslError(
        'diverged',
        `The loss became ${entry.loss} at step ${number} (learning rate ${this.config.rate}). Start again from the last checkpoint with a lower rate or a longer warm-up.`,
      );
    }
    this.history.push(entry);
    return entry;
  }

  /** The run as it stands between two steps. */
  async checkpoint(): Promise<Checkpoint> {
    if (this.#broken) throw new BagsslError('diverged', 'The run has diverged; its state is not worth keeping.');
    const { step } = await this.open();
    return {
      config: this.config,
      position: this.#position,
      state: await step.read(),
      shapes: Object.fromEntries(step.state.map(({ name, shape }) => [name, shape])),
      history: [...this.history],
    };
  }

  /** Frees the device's memory and stops the workers. */
  async dispose(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    await opened?.step.dispose();
    await opened?.pool.dispose();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }
}
