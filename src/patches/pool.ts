import { ADDRESS, checkOptions, LIMIT, type Rules, SIGNAL, whole } from '../base/options.ts';
import { isA } from '../base/values.ts';
import type { AugmentationSource, LoadedAugmentations } from './augmentations/load-own.ts';
import { checkJob } from './check-job.ts';
import type { PatchBatch, PatchJob } from './job.ts';
import { type CutOptions, JobPool, type JobPoolOptions, type StreamOptions, workersOf } from './job-pool.ts';

/** How many workers there are, where they come from, and what they apply. */
export interface PoolOptions extends JobPoolOptions {
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

const CUT_RULES: Rules<CutOptions> = {
  signal: SIGNAL,
  into: { asked: 'a Float32Array', fits: (value) => isA(value, 'Float32Array') },
};

const STREAM_RULES: Rules<StreamOptions> = { signal: SIGNAL, ahead: whole(1) };

/**
 * Threads that cut batches of patches. Jobs start in the order they arrive. One worker makes each batch and hands its memory
 * over without a copy. The bits depend on the job alone, not on the number of workers: a worker that dies or hangs is replaced and
 * its batch is cut again.
 *
 * Dispose of a pool when you no longer need it. In Node an idle pool does not keep the process alive; in Deno it does.
 */
export class PatchPool extends JobPool {
  readonly #checks: LoadedAugmentations['checks'] | undefined;

  private constructor(options: PoolOptions, own: LoadedAugmentations | undefined) {
    super(options, own);
    this.#checks = own?.checks;
  }

  /** @throws BagsslError `bad-argument`; `worker-failed` when a worker cannot be started */
  static override async create(options: PoolOptions = {}): Promise<PatchPool> {
    checkOptions('PatchPool.create', options, POOL_RULES);
    const { augmentations = [] } = options;
    const own = augmentations.length
      ? await (await import('./augmentations/load-own.ts')).loadAugmentations(augmentations, workersOf(options) > 0)
      : undefined;
    return new PatchPool(options, own).ready();
  }

  /**
   * Cuts one batch. A worker reads the pixels when it takes the job, and its replacement reads them again, so leave them
   * unchanged until the batch arrives.
   * @throws BagsslError `bad-argument`; `aborted`; `disposed`; `worker-failed` when two workers died or hung over it
   */
  override async cut(job: PatchJob, options: CutOptions = {}): Promise<PatchBatch> {
    checkOptions('cut', options, CUT_RULES);
    checkJob(job, this.#checks);
    return super.cut(job, options);
  }

  /**
   * The batches of many jobs, in their order. Jobs are asked for as batches are taken, so that memory stays flat however slow
   * the consumer is; leaving the loop, or aborting, drops what was ahead.
   * @throws BagsslError what `cut` throws, for the first job that fails
   */
  override async *stream(
    jobs: Iterable<PatchJob> | AsyncIterable<PatchJob>,
    options: StreamOptions = {},
  ): AsyncGenerator<PatchBatch, void, void> {
    checkOptions('stream', options, STREAM_RULES);
    yield* super.stream(jobs, options);
  }
}
