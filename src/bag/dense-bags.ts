import type { Pixels } from '../base/pixels.ts';
import { blockOf } from '../data/subset.ts';
import { type DensePlacement, denseSizes } from '../encoder/bag-placement.ts';
import { compileAnyBatch } from '../engine/compile.ts';
import type { Outputs } from '../graph/needed.ts';
import type { Recipe } from '../patches/recipe.ts';
import { wholeImage } from '../patches/whole-image.ts';
import type { Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Bag, BagBuilder, type BagRequest, type PartsOf } from './bag.ts';
import { type DenseForm, denseForm } from './dense-form.ts';
import type { PlacedImage } from './images-of.ts';
import { ProgramsBySize } from './programs-by-size.ts';

/** What is wanted of dense bags. */
export interface DenseRequest extends BagRequest {
  readonly placement: DensePlacement;
  /** Embeds whole images, one row each; absent if they are not asked for. */
  readonly wholes?: (images: readonly Pixels[]) => Promise<Float32Array>;
}

/** The most pixels in one run of the encoder: as many as 256 patches of 16×16. */
const PIXELS = 256 * 16 * 16;

/** Makes bags of every patch of an image, of all images of one size together. */
export class DenseBags {
  readonly #encoder: DenseEncoder;
  readonly #width: number;

  /** @param patch the network's graph of one patch: one output [1, width] of one input [1, 3, size, size] */
  constructor(
    runtime: Runtime,
    patch: Outputs,
    private readonly recipe: Recipe,
    private readonly parts?: PartsOf,
  ) {
    this.#encoder = new DenseEncoder(runtime, patch);
    this.#width = Object.values(patch)[0].shape[1];
  }

  /**
   * From a patch to the next, px.
   * @throws BagsslError `bad-model` for an encoder that has no dense form
   */
  get stride(): number {
    return this.#encoder.stride;
  }

  /** The bags of many images; neighbours of one size, in one block of a set, are encoded together. */
  async *of(
    images: AsyncIterable<PlacedImage & { readonly id: number }>,
    request: DenseRequest,
  ): AsyncGenerator<Bag, void, void> {
    const group: PlacedImage[] = [];
    let key = '';
    const flush = () => this.#ofGroup(group.splice(0), request);
    for await (const { id, index, pixels } of images) {
      const sizes = denseSizes(request.placement, this.recipe, pixels.width, pixels.height);
      const each = Math.max(...sizes.map(({ rows, columns }) => rows * columns));
      const next = `${blockOf(id)} ${JSON.stringify(sizes)}`;
      if (group.length > 0 && (next !== key || (group.length + 1) * each > PIXELS)) yield* await flush();
      key = next;
      group.push({ index, pixels });
    }
    if (group.length > 0) yield* await flush();
  }

  async dispose(): Promise<void> {
    await this.#encoder.dispose();
  }

  async #ofGroup(group: readonly PlacedImage[], request: DenseRequest): Promise<Bag[]> {
    const { size } = this.recipe;
    const width = this.#width;
    const images = group.map(({ pixels }) => pixels);
    const builders = group.map(
      ({ index, pixels }) =>
        new BagBuilder({ index, width: pixels.width, height: pixels.height }, width, request, this.parts),
    );
    const [{ width: imageWidth, height: imageHeight }] = images;
    for (const { rows, columns } of denseSizes(request.placement, this.recipe, imageWidth, imageHeight)) {
      const data = new Float32Array(images.length * 3 * rows * columns);
      images.forEach((image, k) => {
        wholeImage(image, this.recipe, rows, columns, data, k * 3 * rows * columns);
      });
      const { vectors, stride, down, across } = await this.#encoder.run(data, images.length, rows, columns);
      builders.forEach((builder, k) => {
        const [unitX, unitY] = [images[k].width / columns, images[k].height / rows];
        for (let i = 0; i < down * across; i++) {
          const [x, y] = [(i % across) * stride * unitX, Math.floor(i / across) * stride * unitY];
          builder.add(vectors, (k * down * across + i) * width, { x, y, width: size * unitX, height: size * unitY });
        }
      });
    }
    const whole = await request.wholes?.(images);
    return builders.map((builder, k) => builder.finish(whole?.subarray(k * width, (k + 1) * width)));
  }
}

/** The vectors of every patch of a few images of one size, [images · down · across, width]. */
interface DenseVectors extends Omit<DenseForm, 'outputs'> {
  readonly vectors: Float32Array;
}

type Compiled = Omit<DenseForm, 'outputs'> & { readonly program: Program };

/** Programs kept: each holds the weights. */
const KEPT = 8;

/** Encodes all patches of whole images at once, with a program for every size of image. */
class DenseEncoder {
  readonly #programs: ProgramsBySize<Compiled>;

  /** @param patch the network's graph of one patch: one output [1, width] of one input [1, 3, size, size] */
  constructor(
    runtime: Runtime,
    private readonly patch: Outputs,
  ) {
    this.#programs = new ProgramsBySize(KEPT, async (rows, columns) => {
      const { outputs: _, ...places } = denseForm(patch, 1, rows, columns);
      const build = (images: number) => denseForm(patch, images, rows, columns).outputs;
      return { program: await compileAnyBatch(runtime, build), ...places };
    });
  }

  /**
   * From a patch to the next, px.
   * @throws BagsslError `bad-model` for an encoder that has no dense form
   */
  get stride(): number {
    const [{ graph }] = Object.values(this.patch);
    const [, , rows, columns] = graph.inputs[0].shape;
    return denseForm(this.patch, 1, rows, columns).stride;
  }

  /**
   * @param data [images, 3, rows, columns], normalised as patches are
   * @throws BagsslError `bad-model` for an encoder that has no dense form
   */
  run(data: Float32Array, images: number, rows: number, columns: number): Promise<DenseVectors> {
    return this.#programs.use(rows, columns, async ({ program, ...places }) => {
      const results = await program.run({ images: { data, shape: [images, 3, rows, columns] } });
      return { vectors: Object.values(results)[0], ...places };
    });
  }

  dispose(): Promise<void> {
    return this.#programs.dispose();
  }
}
