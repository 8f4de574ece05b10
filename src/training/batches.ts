import { within } from '../base/deadline.ts';
import { BagsslError } from '../base/errors.ts';
import { checkPixels } from '../base/pixels.ts';
import { Stream } from '../base/random.ts';
import type { ImageSet } from '../data/image-set.ts';
import type { JobImage, PatchBatch, PatchJob } from '../patches/job.ts';
import type { JobPool } from '../patches/job-pool.ts';
import type { RunConfig } from './run-config.ts';

/**
 * The training batches from step `first` on, cut ahead of time: one in each worker while the step runs. Another image takes the place
 * of one that cannot be read, always the same one, so that a run repeats bit for bit.
 */
export class Batches {
  readonly #stream: AsyncGenerator<PatchBatch, void, void>;

  constructor(
    private readonly data: ImageSet,
    private readonly config: RunConfig,
    pool: JobPool,
    first: number,
    ahead: number,
    /** Seconds to wait for the images of a batch. */
    private readonly dataSeconds = 120,
    private readonly onUnreadable: (error: BagsslError) => void = () => {},
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
      yield {
        recipe,
        images: await this.#inTime(ids, step),
        source: { kind: 'augmented', seed, epoch, views },
      };
    }
  }

  #inTime(ids: readonly number[], step: number): Promise<JobImage[]> {
    const waiting = new Set<number>();
    return within(this.dataSeconds, this.#images(ids, step, waiting), () => {
      const some = [...waiting].slice(0, 3).join(', ');
      return new BagsslError(
        'data-stalled',
        `"${this.data.name}" has not given ${waiting.size} of ${ids.length} images (${some}${waiting.size > 3 ? ', …' : ''}) within ${this.dataSeconds} seconds. See that its disk, network or camera answers; go on from the last checkpoint.`,
      );
    });
  }

  /** @param waiting holds the images that have not come yet */
  async #images(ids: readonly number[], step: number, waiting: Set<number>): Promise<JobImage[]> {
    const read = async (id: number): Promise<JobImage | undefined> => {
      waiting.add(id);
      try {
        const pixels = await this.data.image(id);
        checkPixels(pixels, `image ${id}`);
        return { id, pixels, keep: true };
      } catch (error) {
        if (!(error instanceof BagsslError) || error.code !== 'bad-data') throw error;
        this.onUnreadable(error);
        return undefined;
      } finally {
        waiting.delete(id);
      }
    };
    const images = await Promise.all(ids.map(read));
    if (images.every((image) => image !== undefined)) return images;
    // The same ones whenever this step is repeated, and none twice in a batch: the objectives need distinct images.
    const others = new Stream(this.config.seed, 'replacement', step)
      .permutation(this.data.length)
      .filter((id) => !ids.includes(id))
      .values();
    for (const [place, image] of images.entries()) {
      for (let found = image; !found; images[place] = found) {
        const { value: id, done } = others.next();
        if (done) throw this.#tooFew(images.filter(Boolean).length);
        found = await read(id);
      }
    }
    return images as JobImage[];
  }

  #tooFew(readable: number): BagsslError {
    const { name, length } = this.data;
    return new BagsslError(
      'bad-data',
      `"${name}": only ${readable} of its ${length} images can be read, and a batch needs ${this.config.images}; take out what cannot be read, or make the batch smaller.`,
    );
  }
}
