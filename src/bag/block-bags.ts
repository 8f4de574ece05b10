import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import { blockOf } from '../data/subset.ts';
import { blockGraph, fieldOf, finestBlock, project, sidesOf } from '../encoder/block-graph.ts';
import { type BlockLayout, reducedSize } from '../encoder/block-layout.ts';
import type { PatchEncoder } from '../encoder/patch-encoder.ts';
import { compileAnyBatch } from '../engine/compile.ts';
import type { Precision } from '../graph/graph.ts';
import { createGraph } from '../graph/ops/index.ts';
import type { ConvConfig } from '../model/encoders/conv.ts';
import { wholeImage } from '../patches/whole-image.ts';
import type { HostTensor, Program } from '../runtime/program.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Bag, BagBuilder, type PatchMap } from './bag.ts';
import type { BagMaker, NumberedImage, PlacedRequest } from './bag-maker.ts';
import { ProgramsBySize } from './programs-by-size.ts';

// A page that opens the encoder of the package loads no other module.
export { readEncoder } from '../encoder/read-encoder.ts';

/** The most pixels of reduced images in one run. */
const PIXELS = 256 * 256;
/** Programs kept: each has a megabyte of weights. */
const KEPT = 16;
/** The side by which a program is known: the shape of an image decides its size at every side. */
const SHAPE = 256;

/** The bags of an encoder whose layout sees whole images. They are reduced on the calling thread, which takes little. */
export class BlockBags implements BagMaker {
  readonly width: number;
  readonly #programs: ProgramsBySize<{ readonly program: Program }>;
  readonly #sides: readonly number[];

  private constructor(
    private readonly encoder: PatchEncoder,
    private readonly layout: BlockLayout,
    readonly precision: Precision,
    private readonly projection: Program,
    runtime: Runtime,
  ) {
    this.width = layout.projection.scale.length;
    this.#sides = sidesOf(layout);
    this.#programs = new ProgramsBySize(KEPT, async (rows, columns) => ({
      program: await compileAnyBatch(runtime, (images) => outputs(encoder, layout, precision, images, rows, columns)),
    }));
  }

  /** @throws BagsslError `bad-argument`, `bad-checkpoint`, `shape-mismatch` for what cannot be built */
  static async open(
    runtime: Runtime,
    encoder: PatchEncoder,
    layout: BlockLayout,
    precision: Precision,
  ): Promise<BlockBags> {
    const { blocks } = outputs(encoder, layout, precision, 1, SHAPE, SHAPE);
    const [, numbers] = blocks.shape;
    const projection = await compileAnyBatch(runtime, (images) => ({
      vectors: project(createGraph().input('blocks', [images, numbers]), layout.projection),
    }));
    return new BlockBags(encoder, layout, precision, projection, runtime);
  }

  /** The bags of many images; neighbours of one shape, in one block of a set, are encoded together. */
  async *of(images: AsyncIterable<NumberedImage>, request: PlacedRequest): AsyncGenerator<Bag, void, void> {
    const most = Math.floor(PIXELS / this.#sides.reduce((sum, side) => sum + side * side, 0)) || 1;
    const group: NumberedImage[] = [];
    let key = '';
    for await (const image of images) {
      const { rows, columns } = shapeOf(image.pixels);
      const next = `${blockOf(image.id)} ${rows}×${columns}`;
      if (group.length === most || (group.length > 0 && next !== key))
        yield* await this.#bags(group.splice(0), request);
      key = next;
      group.push(image);
    }
    if (group.length > 0) yield* await this.#bags(group, request);
  }

  async denseStride(): Promise<number> {
    throw new BagsslError(
      'bad-model',
      "The encoder's layout sees whole images, so it has no dense bag; encoder.with({ layout: 'mean' }) has.",
    );
  }

  async dispose(): Promise<void> {
    await this.#programs.dispose();
    await this.projection.dispose();
  }

  /** Of images of one shape. */
  async #bags(group: readonly NumberedImage[], { unit, keepPatches }: PlacedRequest): Promise<Bag[]> {
    const count = group.length;
    const [{ pixels }] = group;
    const feeds: Record<string, HostTensor> = {};
    for (const side of this.#sides) {
      const { rows, columns } = reducedSize(side, pixels.width, pixels.height);
      const data = new Float32Array(count * 3 * rows * columns);
      group.forEach((image, k) => {
        wholeImage(image.pixels, this.encoder.recipe, rows, columns, data, k * 3 * rows * columns);
      });
      feeds[inputOf(side)] = { data, shape: [count, 3, rows, columns] };
    }
    const shape = shapeOf(pixels);
    const wanted = keepPatches ? ['blocks', 'places'] : ['blocks'];
    const { blocks, places } = await this.#programs.use(shape.rows, shape.columns, ({ program }) =>
      program.run(feeds, wanted),
    );
    const { vectors } = await this.projection.run({
      blocks: { data: blocks, shape: [count, blocks.length / count] },
    });
    return group.map((image, k) => {
      const { width, height } = image.pixels;
      const builder = new BagBuilder({ index: image.index, width, height }, this.width, { unit });
      builder.add(vectors, k * this.width);
      const bag = builder.finish();
      if (!keepPatches) return bag;
      const each = places.length / count;
      return { ...bag, patches: this.#patches(image.pixels, places.slice(k * each, (k + 1) * each)) };
    });
  }

  /** The positions of the finest map as patches. */
  #patches({ width, height }: Pixels, data: Float32Array): PatchMap {
    const block = finestBlock(this.layout);
    const { rows, columns } = reducedSize(block.side, width, height);
    const { size, step } = fieldOf(this.encoder.model.encoder as ConvConfig, block);
    const [down, across] = [rows, columns].map((extent) => Math.floor((extent - size) / step) + 1);
    const [unitX, unitY] = [width / columns, height / rows];
    const boxes = Array.from({ length: down * across }, (_, i) => ({
      x: (i % across) * step * unitX,
      y: Math.floor(i / across) * step * unitY,
      width: size * unitX,
      height: size * unitY,
    }));
    return { boxes, vectors: { data, rows: boxes.length, columns: data.length / boxes.length } };
  }
}

const shapeOf = ({ width, height }: Pixels) => reducedSize(SHAPE, width, height);

const inputOf = (side: number) => `side${side}`;

/** @param rows with `columns`, the shape of the images, at side `SHAPE` */
function outputs(
  encoder: PatchEncoder,
  layout: BlockLayout,
  precision: Precision,
  images: number,
  rows: number,
  columns: number,
) {
  const graph = createGraph();
  const imagesOf = (side: number) => {
    const size = reducedSize(side, columns, rows);
    return graph.input(inputOf(side), [images, 3, size.rows, size.columns]);
  };
  return { ...blockGraph(encoder, layout, imagesOf, { precision }) };
}
