import type { Pixels } from '../base/pixels.ts';
import { MIDDLE } from '../encoder/bag-placement.ts';
import type { EncoderProgram } from '../encoder/encoder-program.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import type { Precision } from '../graph/graph.ts';
import type { JobPool } from '../patches/job-pool.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Bag, PartsOf } from './bag.ts';
import type { BagMaker, NumberedImage, PlacedRequest } from './bag-maker.ts';
import type { DenseBags } from './dense-bags.ts';
import { PlacedBags } from './placed-bags.ts';

/** The bags of a `PatchEncoder`: of patches that workers cut, or dense. */
export class PatchBags implements BagMaker {
  readonly width: number;
  readonly precision: Precision;
  readonly #placed: PlacedBags;
  #dense?: Promise<DenseBags>;

  constructor(
    private readonly encoder: PatchEncoder,
    private readonly runtime: Runtime,
    private readonly program: EncoderProgram,
    private readonly pool: JobPool,
    private readonly parts?: PartsOf,
  ) {
    this.width = program.width * (parts?.count ?? 1);
    this.precision = program.precision;
    this.#placed = new PlacedBags(encoder, program, pool, parts);
  }

  async *of(images: AsyncIterable<NumberedImage>, request: PlacedRequest): AsyncGenerator<Bag, void, void> {
    const { placement, whole } = request;
    if (placement.kind !== 'dense') {
      yield* this.#placed.of(images, { ...request, placement: placement.kind === 'whole' ? MIDDLE : placement });
      return;
    }
    const wholes = whole ? (some: readonly Pixels[]) => this.#placed.wholes(some) : undefined;
    yield* (await this.#denseBags()).of(images, { ...request, placement, wholes });
  }

  async denseStride(): Promise<number> {
    return (await this.#denseBags()).stride;
  }

  /** Loaded when first asked for: few pages do. */
  #denseBags(): Promise<DenseBags> {
    this.#dense ??= import('./dense-bags.ts').then(
      ({ DenseBags }) => new DenseBags(this.runtime, this.program.patch(), this.encoder.recipe, this.parts),
    );
    return this.#dense;
  }

  async dispose(): Promise<void> {
    await this.pool.dispose();
    await this.program.program.dispose();
    await (await this.#dense)?.dispose();
  }
}
