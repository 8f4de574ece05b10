import type { ImageSet } from '../../src/data.ts';
import type { PatchBox } from '../../src/embed.ts';
import { meanRow } from '../../src/evaluate.ts';
import { cosine } from '../../src/index.ts';
import { type Html, html } from '../report/html.ts';
import { inTurn, subset } from '../report/in-turn.ts';
import { bitmap, type Rgb, thumbnail } from '../report/rgb.ts';
import { embedderOf } from './embedder-of.ts';
import type { Setting } from './setting.ts';
import { SPACES, type Space } from './spaces.ts';
import type { Trained } from './train-all.ts';

const NEAREST = 8;
const QUERIES = 6;

export interface NearestPatches {
  readonly space: Space;
  /** Share of the nearest patches that come from an image of the query's class; undefined without labels. */
  readonly right: number | undefined;
  readonly queries: number;
  readonly picture: Html;
}

interface Patch {
  readonly image: number;
  readonly box: PatchBox;
  readonly vector: Float32Array;
}

/** The nearest patches of other images to the middle patch of every image, in both spaces. Draws the first few. */
export async function nearestPatches(setting: Setting, trained: Trained, most: number): Promise<NearestPatches[]> {
  const images = subset(setting.test, inTurn(setting.test, Math.min(most, setting.test.length)));
  const found: NearestPatches[] = [];
  for (const space of SPACES) {
    await using embedder = await embedderOf(setting, trained, space);
    const patches: Patch[] = [];
    const queries: number[] = [];
    const options = { placement: { kind: 'grid', across: 3 } as const, keepPatches: true, signal: setting.signal };
    for await (const bag of embedder.bags(images, options)) {
      queries.push(patches.length + 4);
      const { boxes, vectors } = bag.patches!;
      boxes.forEach((box, i) =>
        patches.push({
          image: bag.index,
          box,
          vector: vectors.data.slice(i * vectors.columns, (i + 1) * vectors.columns),
        }),
      );
      setting.progress.show(bag.index / images.length, `nearest patches, ${space}`);
    }
    const { width } = embedder;
    const data = new Float32Array(patches.length * width);
    patches.forEach(({ vector }, i) => {
      data.set(vector, i * width);
    });
    const mean = meanRow({ data, rows: patches.length, columns: width });
    const bank = patches.map((one) => ({ ...one, vector: one.vector.map((v, k) => v - mean[k]) }));
    const answers = queries.map((query) => nearest(bank, query));
    const { labels } = images;
    const hits =
      labels && answers.flatMap((list, q) => list.map(({ image }) => labels[image] === labels[bank[queries[q]].image]));
    found.push({
      space,
      queries: queries.length,
      right: hits && hits.filter(Boolean).length / hits.length,
      picture: await drawn(
        images,
        answers.slice(0, QUERIES).map((list, q) => [bank[queries[q]], ...list]),
      ),
    });
  }
  return found;
}

function nearest(bank: readonly Patch[], query: number): Patch[] {
  const { vector, image } = bank[query];
  return bank
    .filter((one) => one.image !== image)
    .map((one) => ({ one, similarity: cosine(vector, one.vector) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, NEAREST)
    .map(({ one }) => one);
}

async function drawn(images: ImageSet, rows: readonly (readonly Patch[])[]): Promise<Html> {
  const lines = await Promise.all(
    rows.map(async (row) =>
      Promise.all(
        row.map(async ({ image, box }) =>
          cut(thumbnail(await images.image(image), 64), box, (await images.image(image)).width),
        ),
      ),
    ),
  );
  return html`<div class="patches">${lines.map(
    (line) =>
      html`<div>${line.map((patch, i) => html`<img src="${bitmap(patch)}" width="${patch.width}" height="${patch.height}" alt="${i === 0 ? 'query patch' : `patch ${i} nearest to it`}">`)}</div>`,
  )}</div>`;
}

/** A patch, cut out of its image's thumbnail. */
function cut({ data, width, height }: Rgb, box: PatchBox, imageWidth: number): Rgb {
  const factor = width / imageWidth;
  const side = Math.max(1, Math.min(width, height, Math.round(box.width * factor)));
  const [left, top] = [
    Math.min(width - side, Math.round(box.x * factor)),
    Math.min(height - side, Math.round(box.y * factor)),
  ];
  const out = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3;
    out.set(data.subarray(from, from + side * 3), y * side * 3);
  }
  return { data: out, width: side, height: side };
}
