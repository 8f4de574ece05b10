import { blockOf } from '../data/shard.ts';
import type { Pixels } from '../patches/pixels.ts';
import type { Recipe } from '../patches/recipe.ts';
import { wholeImage } from '../patches/whole-image.ts';
import { type Bag, BagBuilder, type BagRequest } from './bag.ts';
import { type DensePlacement, denseSizes } from './bag-placement.ts';
import type { DenseEncoder } from './dense-encoder.ts';

export interface DenseBags {
  readonly encoder: DenseEncoder;
  readonly recipe: Recipe;
  readonly placement: DensePlacement;
  readonly request: BagRequest;
  /** Of the vectors. */
  readonly width: number;
  /** The vectors of whole images, one row each; absent: none are wanted. */
  readonly wholes?: (images: readonly Pixels[]) => Promise<Float32Array>;
}

/** Pixels of all images in one run of the encoder: as many as 256 patches of 16×16 have. */
const PIXELS = 256 * 16 * 16;

/** The dense bags of many images; neighbours of one size, in one block of a set, are encoded together. */
export async function* denseBags(
  images: AsyncIterable<{ readonly id: number; readonly pixels: Pixels }>,
  { recipe, placement, ...bags }: DenseBags,
): AsyncGenerator<Bag, void, void> {
  const group: Pixels[] = [];
  let key = '';
  let first = 0;
  const flush = async () => {
    const made = await ofGroup(group, first, { recipe, placement, ...bags });
    first += group.splice(0).length;
    return made;
  };
  for await (const { id, pixels } of images) {
    const sizes = denseSizes(placement, recipe, pixels.width, pixels.height);
    const each = Math.max(...sizes.map(({ rows, columns }) => rows * columns));
    const next = `${blockOf(id)} ${JSON.stringify(sizes)}`;
    if (group.length > 0 && (next !== key || (group.length + 1) * each > PIXELS)) yield* await flush();
    key = next;
    group.push(pixels);
  }
  if (group.length > 0) yield* await flush();
}

async function ofGroup(images: readonly Pixels[], first: number, bags: DenseBags): Promise<Bag[]> {
  const { encoder, recipe, placement, request, width, wholes } = bags;
  const builders = images.map((_, k) => new BagBuilder(first + k, width, request));
  const [{ width: imageWidth, height: imageHeight }] = images;
  for (const { rows, columns } of denseSizes(placement, recipe, imageWidth, imageHeight)) {
    const data = new Float32Array(images.length * 3 * rows * columns);
    images.forEach((image, k) => {
      wholeImage(image, recipe, rows, columns, data, k * 3 * rows * columns);
    });
    const { vectors, stride, down, across } = await encoder.run(data, images.length, rows, columns);
    builders.forEach((builder, k) => {
      const [unitX, unitY] = [images[k].width / columns, images[k].height / rows];
      for (let i = 0; i < down * across; i++) {
        const [x, y] = [(i % across) * stride * unitX, Math.floor(i / across) * stride * unitY];
        const box = { x, y, width: recipe.size * unitX, height: recipe.size * unitY };
        builder.add(vectors, (k * down * across + i) * width, box);
      }
    });
  }
  const whole = await wholes?.(images);
  return builders.map((builder, k) => builder.finish(whole?.subarray(k * width, (k + 1) * width)));
}
