import type { ImageSet } from '../data/image-set.ts';
import type { PatchBatch, PatchJob } from '../patches/job.ts';
import { Stream } from '../patches/philox.ts';
import type { PatchPool } from '../patches/pool.ts';
import type { RunConfig } from './run-config.ts';

/** The training batches from step `first` on, cut ahead of time: one in each worker while the step runs. */
export class Batches {
  readonly #queue: Promise<PatchBatch>[] = [];
  #next: number;
  #order: { epoch: number; ids: Uint32Array | number[] } | undefined;

  constructor(
    private readonly data: ImageSet,
    private readonly config: RunConfig,
    private readonly pool: PatchPool,
    first: number,
    private readonly depth: number,
  ) {
    this.#next = first;
  }

  /** Steps in an epoch; what is left over after whole batches waits for another epoch's order. */
  get perEpoch(): number {
    return Math.floor(this.data.length / this.config.images);
  }

  take(): Promise<PatchBatch> {
    while (this.#queue.length <= this.depth) {
      const batch = this.#cut(this.#next++);
      batch.catch(() => undefined);
      this.#queue.push(batch);
    }
    return this.#queue.shift()!;
  }

  async #cut(step: number): Promise<PatchBatch> {
    const { images, views, seed, recipe } = this.config;
    const epoch = Math.floor(step / this.perEpoch);
    if (this.#order?.epoch !== epoch) {
      this.#order = { epoch, ids: new Stream(seed, 'order', epoch).permutation(this.data.length) };
    }
    const from = (step % this.perEpoch) * images;
    const ids = Array.from(this.#order.ids.slice(from, from + images));
    const pixels = await Promise.all(ids.map((id) => this.data.image(id)));
    const job: PatchJob = {
      recipe,
      images: ids.map((id, k) => ({ id, pixels: pixels[k] })),
      source: { kind: 'augmented', seed, epoch, views },
    };
    return this.pool.cut(job);
  }
}
