import type { Pixels } from '../base/pixels.ts';
import { blockOf } from '../data/subset.ts';
import { MIDDLE } from '../encoder/bag-placement.ts';
import type { WholeEncoder } from '../encoder/encoder-parts.ts';
import type { EncoderProgram } from '../encoder/encoder-program.ts';
import type { JobImage, PatchBatch, PatchJob } from '../patches/job.ts';
import type { JobPool } from '../patches/job-pool.ts';
import { type Placement, patchCount } from '../patches/placement.ts';
import { type Bag, BagBuilder, type BagImage, type PartsOf } from './bag.ts';
import type { NumberedImage, PlacedRequest } from './bag-maker.ts';

/** Of patches that are cut one by one. */
type CutRequest = PlacedRequest & { readonly placement: Placement };

/** Patches in one run of the encoder, at most. */
const BATCH = 256;
/** A job gets images until it has this many patches. */
const JOB = 4 * BATCH;

/** Makes bags of patches that workers cut ahead while the encoder runs. */
export class PlacedBags {
  constructor(
    private readonly encoder: Pick<WholeEncoder, 'recipe' | 'feature'>,
    private readonly program: EncoderProgram,
    private readonly pool: JobPool,
    private readonly parts?: PartsOf,
  ) {}

  /** The bags of many images, in order, as they are asked for. */
  async *of(images: AsyncIterable<NumberedImage>, request: CutRequest): AsyncGenerator<Bag, void, void> {
    const places: (readonly BagImage[])[] = [];
    for await (const batch of this.pool.stream(this.#jobs(images, request, places))) {
      yield* this.#ofBatch(batch, places.shift()!, request);
    }
  }

  /** The vectors of images as one patch each, their largest middle squares, row by row. */
  async wholes(images: readonly Pixels[]): Promise<Float32Array> {
    const batch = await this.pool.cut({
      recipe: this.encoder.recipe,
      images: images.map((pixels, id) => ({ id, pixels })),
      source: { kind: 'placed', placement: MIDDLE },
    });
    return this.#encode(batch.data, batch.count);
  }

  /**
   * Jobs of about JOB patches. They depend on nothing outside their block of images, so that a part of a set gives the same bits
   * as the whole set.
   * @param places receives the places of each job's images
   */
  async *#jobs(
    images: AsyncIterable<NumberedImage>,
    request: CutRequest,
    places: (readonly BagImage[])[],
  ): AsyncGenerator<PatchJob, void, void> {
    const { placement, whole, weigh, keepPatches } = request;
    const { recipe } = this.encoder;
    const source = { kind: 'placed', placement, whole } as const;
    const keepParameters = keepPatches || weigh !== undefined || this.parts !== undefined;
    const job = (list: readonly NumberedImage[]) => {
      places.push(list.map(({ index, pixels: { width, height } }) => ({ index, width, height })));
      const jobImages: JobImage[] = list.map(({ id, pixels }) => ({ id, pixels }));
      return { recipe, images: jobImages, source, keepParameters };
    };
    let list: NumberedImage[] = [];
    let patches = 0;
    for await (const image of images) {
      const { id, pixels } = image;
      const more = patchCount(placement, recipe, pixels.width, pixels.height) + (whole ? 1 : 0);
      const border = list.length > 0 && blockOf(id) !== blockOf(list[0].id);
      if (border || (list.length > 0 && patches + more > JOB)) {
        yield job(list);
        list = [];
        patches = 0;
      }
      list.push(image);
      patches += more;
    }
    if (list.length > 0) yield job(list);
  }

  /** The bags of a batch of patches, of images at these places. */
  async *#ofBatch(
    batch: PatchBatch,
    places: readonly BagImage[],
    request: CutRequest,
  ): AsyncGenerator<Bag, void, void> {
    const { width } = this.program;
    const each = batch.data.length / batch.count;
    let image = 0;
    let bag = new BagBuilder(places[0], width, request, this.parts);
    for (let from = 0; from < batch.count; from += BATCH) {
      const rows = Math.min(BATCH, batch.count - from);
      const vectors = await this.#encode(batch.data.subarray(from * each, (from + rows) * each), rows);
      for (let row = 0; row < rows; row++) {
        const placed = batch.perImage[image] - (request.whole ? 1 : 0);
        const whole = bag.count === placed ? vectors.subarray(row * width, (row + 1) * width) : undefined;
        if (!whole) bag.add(vectors, row * width, batch.parameters?.[from + row]);
        if (bag.count < placed || (request.whole && !whole)) continue;
        yield bag.finish(whole);
        image++;
        bag = new BagBuilder(places[image], width, request, this.parts);
      }
    }
  }

  /** @param data `count` patches; @returns [count, width] */
  async #encode(data: Float32Array, count: number): Promise<Float32Array> {
    const { recipe, feature } = this.encoder;
    const outputs = await this.program.program.run({ patches: { data, shape: [count, 3, recipe.size, recipe.size] } });
    return outputs[feature];
  }
}
