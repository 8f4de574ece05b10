import { type Remote, transfer } from 'comlink';
import { type Answer, take } from '../threads/answer.ts';
import { OwnedWorker, type WorkerScript } from '../threads/owned-worker.ts';
import type { PatchCutter } from './cutter.ts';
import type { PatchBatch, PatchJob } from './job.ts';
import { KeptImages, packJob } from './pack.ts';

const SCRIPT: WorkerScript = {
  name: 'patch worker',
  file: 'patches.worker.js',
  option: 'workerUrl',
  without: 'Set workers: 0 to cut patches on the calling thread.',
  // Bundlers find the worker only if its URL is part of the same expression.
  web: () => new Worker(new URL('./patches.worker.js', import.meta.url), { type: 'module' }),
};

/** One worker that cuts patches, a batch at a time. */
export class PatchWorker extends OwnedWorker<PatchCutter> {
  readonly #kept: KeptImages;

  /**
   * @param keep bytes of images that the worker may keep
   * @param own URLs of the user's augmentations
   */
  constructor(
    url?: string | URL,
    keep = 0,
    private readonly own: readonly string[] = [],
  ) {
    super(SCRIPT, url);
    this.#kept = new KeptImages(keep);
  }

  /** @throws BagsslError `worker-failed` when the worker dies, or does not answer within `seconds` */
  async cut(job: PatchJob, seconds: number, into?: Float32Array<SharedArrayBuffer>): Promise<PatchBatch> {
    const [packed, buffers] = packJob(job, this.#kept, into, this.own);
    const cut = (cutter: Remote<PatchCutter>) => cutter.cut(transfer(packed, buffers)) as Promise<Answer<PatchBatch>>;
    return take(await this.call(cut, seconds));
  }
}
