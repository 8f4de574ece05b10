import { BagsslError } from '../base/errors.ts';
import { processors } from '../threads/node-threads.ts';
import type { LoadedAugmentations } from './augmentations/load-own.ts';
import type { Augmentation } from './augmentations/own.ts';
import type { PatchBatch, PatchJob } from './job.ts';
import { PatchWorker } from './patch-worker.ts';

/** How many workers there are, and where they come from. */
export interface JobPoolOptions {
  /**
   * Threads; 0 cuts in the calling thread, which then blocks while it cuts. Default: one less than the processors, 1 to 4.
   */
  readonly workers?: number;
  /** Where the built worker is, if not in this module's folder. */
  readonly workerUrl?: string | URL;
  /** Bytes of images marked `keep` that each worker holds on to, those used last; default 64 MiB, 0: none. */
  readonly keepBytes?: number;
  /**
   * Seconds a worker may take for a batch; default 10. A worker that does not answer is replaced, and its batch is cut again with six
   * times as long; after that `cut` rejects. Time in which this program is frozen does not count.
   */
  readonly patience?: number;
}

/** How a job is cut. */
export interface CutOptions {
  /** Rejects with `aborted` immediately; the pool stays usable. */
  readonly signal?: AbortSignal;
  /**
   * Receives the patches in place of a fresh buffer; the batch's data is a view of it. In shared memory, which browsers allow
   * to cross-origin isolated pages, a worker writes straight into it; after an abort it may still be writing until the pool
   * answers the next job.
   */
  readonly into?: Float32Array;
}

/** How far a stream works ahead. */
export interface StreamOptions {
  /** Ends the stream with `aborted`; the pool stays usable. */
  readonly signal?: AbortSignal;
  /** Batches in work or finished that nobody has taken yet; default one more than there are workers. */
  readonly ahead?: number;
}

interface Task {
  readonly job: PatchJob;
  readonly into: Float32Array<SharedArrayBuffer> | undefined;
  readonly resolve: (batch: PatchBatch) => void;
  readonly reject: (reason: BagsslError) => void;
  attempts: number;
  /** Aborted or disposed: its result is dropped. */
  dropped: boolean;
}

type CutHere = (job: PatchJob, into?: Float32Array) => PatchBatch;

/** The kernels, which a page that has workers need not load a second time. */
async function loadCutting(own?: readonly Augmentation[]): Promise<CutHere> {
  const [{ runJob }, { Kernels }] = await Promise.all([import('./job.ts'), import('./kernels.ts')]);
  const kernels = await Kernels.load();
  return (job, into) => runJob(kernels, job, into, own);
}

/** After this many workers have failed over a batch, the caller gets the error. */
const ATTEMPTS = 2;

const PATIENCE_SECONDS = 10;
const LAST_PATIENCE = 6;
const KEEP_BYTES = 64 * 1024 ** 2;

export const workersOf = ({ workers }: JobPoolOptions): number => workers ?? Math.min(4, Math.max(1, processors() - 1));

/** `PatchPool` for jobs and options that have been checked: the checks need not load where images are embedded or trained on. */
export class JobPool {
  /** A new worker. */
  readonly #start: () => PatchWorker;
  /** A slot a thread; not `#`, so that a test can kill one. */
  private readonly running: PatchWorker[];
  readonly #patience: number;
  /** Cuts in the calling thread when there are no workers. */
  #cutHere: CutHere | undefined;
  readonly #busy = new Map<PatchWorker, Task>();
  readonly #queue: Task[] = [];
  #disposed = false;

  protected constructor(
    options: JobPoolOptions,
    private readonly own?: LoadedAugmentations,
  ) {
    const { workerUrl, keepBytes = KEEP_BYTES, patience = PATIENCE_SECONDS } = options;
    this.#patience = patience;
    this.#start = () => new PatchWorker(workerUrl, keepBytes, own?.urls);
    this.running = Array.from({ length: workersOf(options) }, this.#start);
  }

  /** @throws BagsslError `worker-failed` when a worker cannot be started */
  static create(options: JobPoolOptions, own?: LoadedAugmentations): Promise<JobPool> {
    return new JobPool(options, own).ready();
  }

  /** Resolves once everything has started. */
  protected async ready(): Promise<this> {
    try {
      if (this.workers === 0) this.#cutHere = await loadCutting(this.own?.own);
      await Promise.all(this.running.map((worker) => worker.ready()));
    } catch (error) {
      await this.dispose();
      throw error;
    }
    return this;
  }

  /** Threads at work; 0 when the calling thread does it. */
  get workers(): number {
    return this.running.length;
  }

  /**
   * Cuts one batch. A worker reads the pixels when it takes the job, and its replacement reads them again, so leave them
   * unchanged until the batch arrives.
   * @throws BagsslError `aborted`; `disposed`; `bad-argument` if `into` is too short; `worker-failed` when two workers died or hung
   * over it
   */
  async cut(job: PatchJob, options: CutOptions = {}): Promise<PatchBatch> {
    if (this.#disposed) throw disposed();
    const { signal, into } = options;
    const aborted = () => new BagsslError('aborted', 'Cutting patches was aborted.', { cause: signal?.reason });
    if (signal?.aborted) throw aborted();
    if (this.#cutHere) return this.#cutHere(job, into);
    const shared = into && !(into.buffer instanceof ArrayBuffer);
    let stop: (() => void) | undefined;
    try {
      const batch = await new Promise<PatchBatch>((resolve, reject) => {
        const place = shared ? (into as Float32Array<SharedArrayBuffer>) : undefined;
        const task: Task = { job, into: place, resolve, reject, attempts: 0, dropped: false };
        stop = () => {
          task.dropped = true;
          reject(aborted());
        };
        signal?.addEventListener('abort', stop);
        this.#queue.push(task);
        this.#pump();
      });
      if (!into) return batch;
      if (batch.data.length > into.length) {
        throw new BagsslError(
          'bad-argument',
          `into holds ${into.length} floats; ${batch.count} patches need ${batch.data.length}.`,
        );
      }
      if (!shared) into.set(batch.data);
      return { ...batch, data: into.subarray(0, batch.data.length) };
    } finally {
      if (stop) signal?.removeEventListener('abort', stop);
    }
  }

  /**
   * The batches of many jobs, in their order. Jobs are asked for as batches are taken, so that memory stays flat however slow
   * the consumer is; leaving the loop, or aborting, drops what was ahead.
   * @throws BagsslError what `cut` throws, for the first job that fails
   */
  async *stream(
    jobs: Iterable<PatchJob> | AsyncIterable<PatchJob>,
    options: StreamOptions = {},
  ): AsyncGenerator<PatchBatch, void, void> {
    const { signal, ahead = this.workers + 1 } = options;
    const source = Symbol.asyncIterator in jobs ? jobs[Symbol.asyncIterator]() : jobs[Symbol.iterator]();
    const left = new AbortController();
    const stop = signal ? AbortSignal.any([signal, left.signal]) : left.signal;
    const next = async () => {
      const { done, value } = await source.next();
      return done ? undefined : this.cut(value, { signal: stop });
    };
    const waiting: Promise<PatchBatch | undefined>[] = [];
    try {
      for (;;) {
        while (waiting.length < ahead) {
          const batch = next();
          batch.catch(() => undefined); // reported when its turn comes
          waiting.push(batch);
        }
        const batch = await waiting.shift();
        if (!batch) return;
        yield batch;
      }
    } finally {
      left.abort();
      await source.return?.();
    }
  }

  /** Stops the workers and rejects unfinished jobs with `disposed`. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const task of [...this.#queue.splice(0), ...this.#busy.values()]) {
      task.dropped = true;
      task.reject(disposed());
    }
    await Promise.all(this.running.map((worker) => worker.terminate()));
  }

  /** As `dispose`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Gives waiting jobs to idle workers. */
  #pump(): void {
    for (let i = 0; i < this.running.length && this.#queue.length > 0 && !this.#disposed; i++) {
      if (this.#busy.has(this.running[i])) continue;
      const task = this.#queue.shift()!;
      if (task.dropped) i--;
      else void this.#run(i, task);
    }
  }

  async #run(slot: number, task: Task): Promise<void> {
    task.attempts++;
    let worker = this.running[slot];
    try {
      if (worker.failed) worker = this.running[slot] = this.#start();
      this.#busy.set(worker, task);
      const seconds = this.#patience * (task.attempts === ATTEMPTS ? LAST_PATIENCE : 1);
      task.resolve(await worker.cut(task.job, seconds, task.into));
    } catch (error) {
      // Only a worker's end is worth a second try: everything else would come out the same.
      if (worker.failed && task.attempts < ATTEMPTS && !task.dropped) this.#queue.unshift(task);
      else task.reject(error as BagsslError);
    }
    this.#busy.delete(worker);
    this.#pump();
  }
}

function disposed(): BagsslError {
  return new BagsslError('disposed', 'The patch pool was disposed; create another.');
}
