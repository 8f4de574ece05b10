import { within } from '../base/deadline.ts';
import { BagsslError } from '../base/errors.ts';
import { Stream } from '../base/random.ts';
import type { ImageSet } from '../data/image-set.ts';
import type { PatchBatch, PatchJob } from '../patches/job.ts';
import type { PatchPool } from '../patches/pool.ts';
import type { RunConfig } from './run-config.ts';

/** The training batches from step `first` on, cut ahead of time: one in each worker while the step runs. */
export class Batches {
  readonly #stream: AsyncGenerator<PatchBatch, void, void>;

  constructor(
    private readonly data: ImageSet,
    private readonly config: RunConfig,
    pool: PatchPool,
    first: number,
    ahead: number,
    /** Seconds to wait for the images of a batch. */
    private readonly dataSeconds = 120,
  ) {
    this.#stream = pool.stream(this.#jobs(first), { ahead });
  }

  /** Steps in an epoch. An incomplete last batch is dropped; the next epoch reshuffles all images. */
  get perEpoch(): number {
    return Math.floor(this.data.length / this.config.images);
  }

  async take(): Promise<PatchBatch> {
    const { value } = await this.#stream.next();
    return value!; // the jobs never end
  }

  /** Stops cutting ahead. Does not wait for the data set, which may never answer. */
  stop(): void {
    this.#stream.return().catch(() => undefined);
  }

  async *#jobs(first: number): AsyncGenerator<PatchJob, never, void> {
    const { images, views, seed, recipe } = this.config;
    let order: { epoch: number; ids: Uint32Array } | undefined;
    for (let step = first; ; step++) {
      const epoch = Math.floor(step / this.perEpoch);
      if (order?.epoch !== epoch) {
        order = { epoch, ids: new Stream(seed, 'order', epoch).permutation(this.data.length) };
      }
      const from = (step % this.perEpoch) * images;
      const ids = Array.from(order.ids.slice(from, from + images));
      const pixels = await this.#images(ids);
      yield {
        recipe,
        images: ids.map((id, k) => ({ id, pixels: pixels[k], keep: true })),
        source: { kind: 'augmented', seed, epoch, views },
      };
    }
  }

  #images(ids: readonly number[]) {
    const waiting = new Set(ids);
    const images = ids.map(async (id) => {
      const pixels = await this.data.image(id);
      waiting.delete(id);
      return pixels;
    });
    return within(this.dataSeconds, Promise.all(images), () => {
      const some = [...waiting].slice(0, 3).join(', ');
      return new BagsslError(
        'data-stalled',
        `"${this.data.name}" has not given ${waiting.size} of ${ids.length} images (${some}${waiting.size > 3 ? ', …' : ''}) within ${this.dataSeconds} seconds. See that its disk, network or camera answers, and go on from the last checkpoint.`,
      );
    });
  }
}
