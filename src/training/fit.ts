import type { ImageSet } from '../data/image-set.ts';
import { BagsslError } from '../errors.ts';
import { PatchPool } from '../patches/pool.ts';
import type { Device, DeviceChoice } from '../runtime/device.ts';
import { abandon } from '../runtime/ort.ts';
import { Runtime, type RuntimeOptions } from '../runtime/runtime.ts';
import { Batches } from './batches.ts';
import type { Checkpoint, HistoryEntry } from './checkpoint.ts';
import { Pace } from './pace.ts';
import { allFinite, type GoodState, Recovery, type Remedy } from './recovery.ts';
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
  /**
   * Keep a copy of the state in memory every so many seconds; default 30. After a lost GPU, a divergence or too little memory
   * training goes on from it.
   */
  readonly rescueSeconds?: number;
  /** Seconds the data may take for the images of a batch before the run ends with an error ('data-stalled'); default 120. */
  readonly dataSeconds?: number;
  /** Ends the run with an error ('aborted') before its next step; a checkpoint can still be taken. */
  readonly signal?: AbortSignal;
}

/** One step of training. Their numbers rise by one, but start again after the last good state where a fault was survived. */
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
   * Loss, its parts and the collapse figure, when this step reports them and was not skipped; where there are any, `skipped`, the
   * steps whose loss or gradients were not finite and that changed nothing, this session and earlier ones; in float16 always,
   * with the `lossScale` that follows.
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

/** So many steps in a row may be skipped; float16's loss scale falls meanwhile. */
const SKIPS = { float32: 3, float16: 40 } as const;

interface Opened {
  readonly runtime: Runtime;
  readonly step: TrainingStep;
  readonly pool: PatchPool;
}

export class Fit implements AsyncIterable<Step>, AsyncDisposable {
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
  #pool?: PatchPool;
  #device: Device | undefined;
  #broken = false;

  constructor(private readonly options: FitOptions) {
    const { resume, run, data } = options;
    const config = resume ? runConfig({ ...resume.config, ...run }) : runConfig({ budget: { steps: 1000 }, ...run });
    if (data.length < 2) {
      throw new BagsslError('bad-data', `"${data.name}" holds ${data.length} images; training needs at least 2.`);
    }
    // A batch larger than the data set is cut down to it: the objectives need distinct images.
    this.#config = { ...config, images: Math.min(config.images, data.length) };
    this.history = [...(resume?.history ?? [])];
    this.#skipped = this.history.at(-1)?.skipped ?? 0;
    this.#position = resume?.position ?? { step: 0, seconds: 0 };
    this.#good = { position: this.#position, state: resume?.state, entries: this.history.length };
  }

  /** What determines the run. A fault that was survived may have lowered `rate` or raised `slices`. */
  get config(): RunConfig {
    return this.#config;
  }

  /** Opens the device and compiles the step; iterating does it on its own. */
  open(): Promise<Opened> {
    this.#opened ??= this.#open(this.options.device);
    return this.#opened;
  }

  async #open(device: DeviceChoice | undefined): Promise<Opened> {
    const { workers = 2, workerUrl, onWarning } = this.options;
    const runtime = await Runtime.open({ ...this.options, device });
    this.#device = runtime.device;
    const step = await TrainingStep.create(runtime, this.#config, this.#good.state, onWarning);
    this.#pool ??= await PatchPool.create({ workers, workerUrl });
    return { runtime, step, pool: this.#pool };
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
    const batches = new Batches(options.data, config, pool, this.#position.step, ahead, options.dataSeconds);
    const size = config.model.size;
    const shape = [config.views * config.images, 3, size, size];
    let used = progress(config, this.#position);
    try {
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
        const due =
          number % every === 0 || number === 1 || ('steps' in config.budget && number === config.budget.steps);
        const reads = await step.run({ data: batch.data, shape }, rate, number, due ? step.reads : [], used);
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

  /** The history's next entry, or undefined for a step that is taken back because it would spoil the state. */
  #report(number: number, step: TrainingStep, reads: Record<string, Float32Array>): HistoryEntry | undefined {
    const { loss, ...figures } = step.loss.report(reads);
    const half = step.precision === 'float16';
    if (!Number.isFinite(loss) || (reads.slope && !Number.isFinite(reads.slope[0]))) {
      if (!half) step.undo(); // in float16 the graph itself has skipped it
      this.#skipped++;
      if (++this.#skippedInTurn <= SKIPS[step.precision]) return undefined;
      throw new BagsslError(
        'diverged',
        `${Number.isFinite(loss) ? 'The gradients became infinite' : `The loss became ${loss}`} at step ${number} (learning rate ${this.#config.rate}). Start again from the last checkpoint with a lower rate or a longer warm-up.`,
      );
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

  /** Keeps a copy of the state now and then. */
  async #remember(step: TrainingStep): Promise<void> {
    if (performance.now() - this.#goodSince < 1000 * (this.options.rescueSeconds ?? 30)) return;
    const state = await step.read();
    if (!allFinite(state)) throw this.#spoilt();
    this.#good = { position: this.#position, state, entries: this.history.length };
    this.#goodSince = performance.now();
  }

  #spoilt(): BagsslError {
    return new BagsslError(
      'diverged',
      `The weights are not finite after step ${this.#position.step} (learning rate ${this.#config.rate}). Start again from the last checkpoint with a lower rate or a longer warm-up.`,
    );
  }

  /** Goes back to the last good state and opens what is needed to go on; a fault that cannot be helped is thrown. */
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
    await opened?.step.dispose().catch(() => undefined); // of an engine that has ended, what can be freed
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

  /** The run as it stands between two steps. */
  async checkpoint(): Promise<Checkpoint> {
    if (this.#broken) throw new BagsslError('diverged', 'The run has diverged; its state is not worth keeping.');
    const { step } = await this.open();
    const state = await step.read();
    if (!allFinite(state)) throw this.#spoilt();
    return {
      config: this.#config,
      position: this.#position,
      state,
      shapes: Object.fromEntries(step.state.map(({ name, shape }) => [name, shape])),
      history: [...this.history],
    };
  }

  /** Frees the device's memory and stops the workers. */
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
