import { BagsslError } from '../base/errors.ts';
import type { Pixels } from '../base/pixels.ts';
import { sayOnce } from '../base/shared.ts';
import { blockOf } from '../data/subset.ts';
import type { BagPlacement } from '../encoder/bag-placement.ts';
import { ONNX_SCALE, type OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
import { OnnxProgram } from '../onnx-encoder/onnx-program.ts';
import type { Box } from '../onnx-encoder/prepare.ts';
import { boxes } from '../patches/placement.ts';
import type { Recipe } from '../patches/recipe.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Bag, BagBuilder } from './bag.ts';
import type { BagMaker, NumberedImage, PlacedRequest } from './bag-maker.ts';

export { OnnxEncoder } from '../onnx-encoder/onnx-encoder.ts';
export { openOnnx } from '../onnx-encoder/open-onnx.ts';

/** One input of a bag: a patch, or the whole image (`box` undefined) as a patch or beside the bag. */
interface Part {
  readonly box?: Box;
  /** Beside the bag. */
  readonly beside?: boolean;
}

/** A bag in the making. */
interface Open {
  readonly builder: BagBuilder;
  readonly pixels: Pixels;
  readonly parts: readonly Part[];
  /** Parts whose vectors have come. */
  done: number;
  whole?: Float32Array;
}

/** A vector of fewer numbers is seldom an embedding. */
const FEW = 16;

/** The bags of an .onnx file that runs as it is. Images are prepared on the calling thread, at the input's own size. */
export class OnnxBags implements BagMaker {
  readonly precision = 'float32';

  private constructor(
    private readonly encoder: OnnxEncoder,
    private readonly program: OnnxProgram,
  ) {}

  /**
   * @param options those of `createEmbedder`
   * @throws BagsslError `bad-model` for a model that ONNX Runtime cannot run; `bad-argument`
   */
  static async open(
    runtime: Runtime,
    encoder: OnnxEncoder,
    { precision, onWarning = sayOnce }: { precision?: string; onWarning?: (message: string) => void },
  ): Promise<OnnxBags> {
    if (precision === 'float16') {
      throw new BagsslError(
        'bad-argument',
        `precision: ${encoder.name} runs in the types of its file; export it in float16 for that.`,
      );
    }
    const program = await OnnxProgram.open(runtime, encoder);
    const notes = [...encoder.notes];
    if (program.width < FEW) {
      notes.push(
        `Vectors of ${program.width} numbers tell few images apart; another value of the model may be better (set onnx.output, --encoder-output).`,
      );
    }
    if (notes.length > 0) onWarning([encoder.describe(), ...notes].join(' '));
    return new OnnxBags(encoder, program);
  }

  get width(): number {
    return this.program.width;
  }

  shortSide(placement: BagPlacement): number {
    return this.encoder.shortSide(placement);
  }

  /** The bags of many images. No run crosses a block of images, so that a part of a set gives the same bits as the whole set. */
  async *of(images: AsyncIterable<NumberedImage>, request: PlacedRequest): AsyncGenerator<Bag, void, void> {
    const batch = this.program.batch();
    const open: Open[] = [];
    /** Which bag each image of the batch is of. */
    let owners: Open[] = [];
    const run = async () => {
      const { width } = this;
      const vectors = batch.count > 0 ? await this.program.run(batch) : new Float32Array(0);
      owners.forEach((bag, row) => {
        const { box, beside } = bag.parts[bag.done++];
        const at = row * width;
        const { width: w, height: h } = bag.pixels;
        if (beside) bag.whole = vectors.slice(at, at + width);
        else bag.builder.add(vectors, at, box ?? { x: 0, y: 0, width: w, height: h });
      });
      owners = [];
      batch.clear();
    };
    const finished = function* (): Generator<Bag, void, void> {
      while (open.length > 0 && open[0].done === open[0].parts.length) {
        const { builder, whole } = open.shift()!;
        yield builder.finish(whole);
      }
    };
    let block: number | undefined;
    for await (const { id, index, pixels } of images) {
      if (block !== undefined && block !== blockOf(id)) {
        await run();
        yield* finished();
      }
      block = blockOf(id);
      const parts = this.#parts(pixels, id, request);
      const bag: Open = { builder: new BagBuilder({ ...pixels, index }, this.width, request), pixels, parts, done: 0 };
      open.push(bag);
      for (const { box } of parts) {
        if (box) batch.addBox(pixels, box);
        else batch.addWhole(pixels);
        owners.push(bag);
        if (batch.isFull) await run();
      }
      yield* finished();
    }
    await run();
    yield* finished();
  }

  #parts(pixels: Pixels, id: number, { placement, whole }: PlacedRequest): Part[] {
    if (placement.kind === 'dense') throw noDense(this.encoder);
    const patches: Part[] =
      placement.kind === 'whole' ? [{}] : placedBoxes(pixels, id, placement, this.encoder).map((box) => ({ box }));
    return whole ? [...patches, { beside: true }] : patches;
  }

  async denseStride(): Promise<number> {
    throw noDense(this.encoder);
  }

  async dispose(): Promise<void> {
    await this.program.dispose();
  }
}

const noDense = ({ name }: OnnxEncoder) =>
  new BagsslError('bad-model', `${name} runs as it is, so it has no dense bag; use a grid, tiles or random patches.`);

/** Patches of the input's proportions: squares of an image whose columns count so much less, widened again. */
function placedBoxes(
  { width, height }: Pixels,
  id: number,
  placement: Exclude<BagPlacement, { readonly kind: 'dense' | 'whole' }>,
  { input: { rows, columns } }: OnnxEncoder,
): Box[] {
  const stretch = columns / rows;
  const narrow = Math.max(1, Math.round(width / stretch));
  const recipe = { size: rows, scale: [ONNX_SCALE, ONNX_SCALE] } as unknown as Recipe;
  return boxes(placement, recipe, narrow, height, id).map(({ x, y, width: w, height: h }) => {
    const wide = Math.min(width, Math.max(1, Math.round(w * stretch)));
    return { x: Math.min(width - wide, Math.round(x * stretch)), y, width: wide, height: h };
  });
}
