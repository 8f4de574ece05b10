import { BagsslError } from '../errors.ts';
import { checkJob, type PatchBatch, type PatchJob, runJob } from './job.ts';
import { Kernels } from './kernels.ts';
import { processors } from './node-threads.ts';
import { PatchWorker } from './patch-worker.ts';

export interface PoolOptions {
  /**
   * Threads; 0 cuts in the calling thread, which then blocks while it cuts. Default: one less than the processors, 1 to 4.
   */
  readonly workers?: number;
  /** Where the built worker lies, if not beside this module. */
  readonly workerUrl?: string | URL;
}

interface Task {
  readonly job: PatchJob;
  readonly resolve: (batch: PatchBatch) => void;
  readonly reject: (reason: BagsslError) => void;
  attempts: number;
  /** Aborted or disposed: whatever comes of it is dropped. */
  dropped: boolean;
}

/** A batch is tried on this many workers before its failure is the caller's. */
const ATTEMPTS = 2;

/**
 * Threads that cut batches of patches. Jobs start in the order they come; each is one batch, made by one worker, its
 * memory handed over without a copy. The bits depend on the job alone, not on the number of workers nor on their fate:
 * a worker that dies is replaced and its batch cut again.
 *
 * Dispose of a pool when it is done with. In Node an idle pool does not keep the process alive; in Deno it does.
 */
export class PatchPool {
  readonly #url: string | URL | undefined;
  /** A slot a thread; not `#`, so that a test can kill one. */
  private readonly running: PatchWorker[];
  /** Cuts in the calling thread when there are no workers. */
  readonly #kernels: Kernels | undefined;
  readonly #busy = new Map<PatchWorker, Task>();
  readonly #queue: Task[] = [];
  #disposed = false;

  private constructor(workers: PatchWorker[], url: string | URL | undefined, kernels: Kernels | undefined) {
    this.running = workers;
    this.#url = url;
    this.#kernels = kernels;
  }

  /** @throws BagsslError `bad-argument`; `worker-failed` when a worker cannot be started */
  static async create(options: PoolOptions = {}): Promise<PatchPool> {
    const { workers: count = Math.min(4, Math.max(1, processors() - 1)), workerUrl } = options;
    if (!Number.isInteger(count) || count < 0 || count > 256) {
      throw new BagsslError('bad-argument', `workers is ${count}; it must be a whole number from 0 to 256.`);
    }
    if (count === 0) return new PatchPool([], workerUrl, await Kernels.load());
    const workers = Array.from({ length: count }, () => new PatchWorker(workerUrl));
    try {
      await Promise.all(workers.map((worker) => worker.ready()));
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw error;
    }
    return new PatchPool(workers, workerUrl, undefined);
  }

  /** Threads at work; 0 when the calling thread does it. */
  get workers(): number {
    return this.running.length;
  }

  /**
   * Cuts one batch. Pixels are read when a worker takes the job (again, if it must be replaced): leave them unchanged
   * until the batch is there.
   * @throws BagsslError `bad-argument`; `aborted`; `disposed`; `worker-failed` when two workers died over it
   */
  async cut(job: PatchJob, { signal }: { readonly signal?: AbortSignal } = {}): Promise<PatchBatch> {
    if (this.#disposed) throw disposed();
    checkJob(job);
    const aborted = () => new BagsslError('aborted', 'Cutting patches was aborted.', { cause: signal?.reason });
    if (signal?.aborted) throw aborted();
    if (this.#kernels) return runJob(this.#kernels, job);
    let stop: (() => void) | undefined;
    try {
      return await new Promise<PatchBatch>((resolve, reject) => {
        const task: Task = { job, resolve, reject, attempts: 0, dropped: false };
        stop = () => {
          task.dropped = true;
          reject(aborted());
        };
        signal?.addEventListener('abort', stop);
        this.#queue.push(task);
        this.#pump();
      });
    } finally {
      if (stop) signal?.removeEventListener('abort', stop);
    }
  }

  /** Ends the workers and rejects what they had left to do with `disposed`. */
  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const task of [...this.#queue.splice(0), ...this.#busy.values()]) {
      task.dropped = true;
      task.reject(disposed());
    }
    await Promise.all(this.running.map((worker) => worker.terminate()));
  }

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
      if (worker.failed) worker = this.running[slot] = new PatchWorker(this.#url);
      this.#busy.set(worker, task);
      task.resolve(await worker.cut(task.job));
    } catch (error) {
      // Only a worker's death is worth a second try: everything else would come out the same.
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
