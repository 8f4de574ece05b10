import { type ImageSet, readableSet } from '../../src/data.ts';
import type { PatchBatch, PatchParameters, PatchPool, Recipe } from '../../src/patches.ts';
import type { RunConfig } from '../../src/train.ts';
import { className, inTurn, subset } from './in-turn.ts';
import { type Rgb, thumbnail } from './rgb.ts';

/** An image and its patches, as the encoder sees them. */
export interface SheetRow {
  readonly name: string;
  readonly image: Rgb;
  /** Of the image itself, whose pixels the boxes count. */
  readonly width: number;
  readonly height: number;
  readonly views: readonly { readonly patch: Rgb; readonly parameters: PatchParameters }[];
}

const IMAGES = 10;
const VIEWS = 8;
const SIDE = 96;

/** The first image of every class with the patches that the run's recipe and seed draw from it. */
export async function patchSheet(data: ImageSet, { recipe, seed }: RunConfig, pool: PatchPool): Promise<SheetRow[]> {
  const all = inTurn(data, IMAGES);
  const shown = await readableSet(subset(data, all));
  // Its number in the data decides what is drawn.
  const idOf = (i: number) => all[shown.ids?.[i] ?? i];
  const images = await Promise.all(
    Array.from({ length: shown.length }, async (_, i) => ({ id: idOf(i), pixels: await shown.image(i) })),
  );
  const source = { kind: 'augmented', seed, epoch: 0, views: VIEWS } as const;
  const batch = await pool.cut({ recipe, images, source, keepParameters: true });
  return images.map(({ id, pixels: image }, i) => ({
    name: className(data, id),
    image: thumbnail(image, SIDE),
    width: image.width,
    height: image.height,
    views: Array.from({ length: VIEWS }, (_, v) => {
      const at = v * images.length + i;
      return { patch: seen(batch, at, recipe), parameters: batch.parameters![at] };
    }),
  }));
}

/** A patch of a batch with its normalisation undone. */
function seen({ data, shape }: PatchBatch, at: number, { mean, std }: Recipe): Rgb {
  const [, , height, width] = shape;
  const plane = width * height;
  const out = new Uint8Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    for (let p = 0; p < plane; p++) {
      const value = data[(at * 3 + c) * plane + p] * std[c] + mean[c];
      out[3 * p + c] = Math.max(0, Math.min(255, Math.round(255 * value)));
    }
  }
  return { data: out, width, height };
}
