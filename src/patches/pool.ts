import { BagsslError } from '../base/errors.ts';
import { ADDRESS, checkOptions, LIMIT, type Rules, SIGNAL, whole } from '../base/options.ts';
import { isA } from '../base/values.ts';
import { processors } from '../threads/node-threads.ts';
import type { AugmentationSource } from './augmentations/load-own.ts';
import type { Augmentation } from './augmentations/own.ts';
import { checkJob, type OwnChecks } from './check-job.ts';
import type { PatchBatch, PatchJob } from './job.ts';
import { PatchWorker } from './patch-worker.ts';

/** How many workers there are, and where they come from. */
export interface PoolOptions {
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
  /**
   * Your own augmentations, in the order they are applied: URLs of modules whose default export is one, which every worker imports,
   * or with `workers: 0` the augmentations themselves. A recipe asks for them by name, in `own`. Text is relative to the page; in
   * Node and Deno, to the current folder.
   */
  readonly augmentations?: readonly AugmentationSource[];
}

const POOL_RULES: Rules<PoolOptions> = {
  workers: whole(0, 256),
  workerUrl: ADDRESS,
  keepBytes: { asked: 'a number of at least 0', fits: (value) => typeof value === 'number' && value >= 0 },
  patience: LIMIT,
  augmentations: { asked: 'an array of augmentations or URLs', fits: Array.isArray },
};

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

const CUT_RULES: Rules<CutOptions> = {
  signal: SIGNAL,
  into: { asked: 'a Float32Array', fits: (value) => isA(value, 'Float32Array') },
};

/** How far a stream works ahead. */
export interface StreamOptions {
  /** Ends the stream with `aborted`; the pool stays usable. */
  readonly signal?: AbortSignal;
  /** Batches in work or finished that nobody has taken yet; default one more than there are workers. */
  readonly ahead?: number;
}

const STREAM_RULES: Rules<StreamOptions> = { signal: SIGNAL, ahead: whole(1) };

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

/**
 * Threads that cut batches of patches. Jobs start in the order they arrive. One worker makes each batch and hands its memory
 * over without a copy. The bits depend on the job alone, not on the number of workers: a worker that dies or hangs is replaced and
 * its batch is cut again.
 *
 * Dispose of a pool when you no longer need it. In Node an idle pool does not keep the process alive; in Deno it does.
 */
export class PatchPool {
  /** A new worker. */
  readonly #start: () => PatchWorker;
  /** A slot a thread; not `#`, so that a test can kill one. */
  private readonly running: PatchWorker[];
  /** Cuts in the calling thread when there are no workers. */
  readonly #cutHere: CutHere | undefined;
  readonly #busy = new Map<PatchWorker, Task>();
  readonly #queue: Task[] = [];
  #disposed = false;

  private constructor(
    count: number,
    start: () => PatchWorker,
    private readonly patience: number,
    private readonly checks: OwnChecks | undefined,
    cutHere?: CutHere,
  ) {
    this.#start = start;
    this.running = Array.from({ length: count }, start);
    this.#cutHere = cutHere;
  }

  /** @throws BagsslError `bad-argument`; `worker-failed` when a worker cannot be started */
  static async create(options: PoolOptions = {}): Promise<PatchPool> {
    checkOptions('PatchPool.create', options, POOL_RULES);
    const { workerUrl, keepBytes = KEEP_BYTES, patience = PATIENCE_SECONDS, augmentations = [] } = options;
    const count = options.workers ?? Math.min(4, Math.max(1, processors() - 1));
    const given = augmentations.length
      ? await (await import('./augmentations/load-own.ts')).loadAugmentations(augmentations, count > 0)
      : undefined;
    const start = () => new PatchWorker(workerUrl, keepBytes, given?.urls);
    const cutHere = count === 0 ? await loadCutting(given?.own) : undefined;
    const pool = new PatchPool(count, start, patience, given?.checks, cutHere);
    try {
      await Promise.all(pool.running.map((worker) => worker.ready()));
    } catch (error) {
      await pool.dispose();
      throw error;
    }
    return pool;
  }

  /** Threads at work; 0 when the calling thread does it. */
  get workers(): number {
    return this.running.length;
  }

  /**
   * Cuts one batch. A worker reads the pixels when it takes the job, and its replacement reads them again, so leave them
   * unchanged until the batch arrives.
   * @throws BagsslError `bad-argument`; `aborted`; `disposed`; `worker-failed` when two workers died or hung over it
   */
  async cut(job: PatchJob, options: CutOptions = {}): Promise<PatchBatch> {
    if (this.#disposed) throw disposed();
    checkOptions('cut', options, CUT_RULES);
    checkJob(job, this.checks);
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
    checkOptions('stream', options, STREAM_RULES);
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
      const seconds = this.patience * (task.attempts === ATTEMPTS ? LAST_PATIENCE : 1);
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
